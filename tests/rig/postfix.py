"""A real Postfix that is gone with the block: its own config, queue, users and mailbox.

It takes mail over STARTTLS and after a login alone, and delivers it by itself into a Maildir. Must
be run by root, since its parts run as users of their own.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.rig.certificate import make_certificate
from tests.rig.program import free_port, until

# Servers' programs are not on everybody's path.
_PATH = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"

USER, PASSWORD = "news", "open sesame"
DOMAIN = "reader.example"

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {log}
maillog_file_prefixes = {folder}
myhostname = relay.example
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
in_flow_delay = 0
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_loglevel = 1
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = $myhostname
cyrus_sasl_config_path = {folder}/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
virtual_mailbox_domains = {domain}
virtual_alias_maps = regexp:{folder}/aliases
transport_maps = regexp:{folder}/transport
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = regexp:{folder}/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_BOUNCE = r"/^bounce(\+[a-z0-9]+)?@example\.org$/"
_SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/sasl/users
mech_list: PLAIN LOGIN
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """A running Postfix that knows ``reader1@reader.example`` and so on; all share one mailbox.

    It takes mail for ``ghost1@reader.example`` and so on, too, and finds out later that there is
    nobody. What comes to ``bounce@example.org`` goes where ``running`` was told.
    """

    port: int
    ca_file: Path
    mailbox: Path
    log: Path

    async def until_delivered(self, count: int) -> None:
        """Wait until it has brought so many messages into the mailbox."""

        async def is_so() -> bool:
            return len(self._delivered()) >= count

        await until(is_so, lambda: f"only {len(self._delivered())}:\n{self.complaints()}")

    def _delivered(self) -> list[Path]:
        new = self.mailbox / "new"
        return list(new.iterdir()) if new.exists() else []

    def complaints(self) -> list[str]:
        """Give what it has logged that an administrator would look into."""
        signs = ("warning:", "error:", "fatal:", "panic:", "lost connection", "timeout", "improper")
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if any(sign in line for sign in signs)]


@contextmanager
def running(bounces_to: str = "discard:") -> Iterator[Postfix]:
    """Start it, and end it and all that it has written with the block.

    ``bounces_to`` is the transport of what comes to the bounce address.
    """
    with TemporaryDirectory(prefix="publisher-postfix-") as place:
        folder = Path(place)
        folder.chmod(0o755)  # its parts go there as other users
        port = free_port()
        postfix = Postfix(
            port=port,
            ca_file=folder / "cert.pem",
            mailbox=folder / "mail" / "everybody",
            log=folder / "log",
        )
        _write_config(folder, postfix, bounces_to)
        # In a session of its own, and so a group: whatever it starts is ended with it.
        master = subprocess.Popen(
            [_daemons() / "master", "-c", folder, "-d"], start_new_session=True
        )
        try:
            _wait_until_ready(master, postfix)
            yield postfix
        finally:
            _end(master)


def _end(master: subprocess.Popen[bytes]) -> None:
    """End it and its group; its parts go by themselves, a little later, and are waited for."""
    master.send_signal(signal.SIGTERM)
    master.wait()
    with suppress(ProcessLookupError):
        for _ in range(200):
            os.killpg(master.pid, 0)
            time.sleep(0.05)
        os.killpg(master.pid, signal.SIGKILL)


def is_installed() -> bool:
    """Say whether it can be started; where tests are the rule (CI), it must."""
    can_be = shutil.which("postfix", path=_PATH) and shutil.which("saslpasswd2", path=_PATH)
    return "CI" in os.environ or (can_be is not None and os.geteuid() == 0)


def _write_config(folder: Path, postfix: Postfix, bounces_to: str) -> None:
    made = make_certificate(folder)
    owner = pwd.getpwnam("postfix")
    for name in ("data", "mail", "sasl", "queue"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix", "postfix")
    shutil.chown(folder / "mail", "postfix", "postfix")
    queue = folder / "queue"
    private = "active bounce corrupt defer deferred flush hold incoming private saved trace"
    for name in private.split():
        (queue / name).mkdir(mode=0o700)
        shutil.chown(queue / name, "postfix")
    for name, mode in (("maildrop", 0o1730), ("public", 0o2710)):
        (queue / name).mkdir()
        shutil.chown(queue / name, "postfix", "postdrop")
        (queue / name).chmod(mode)
    (queue / "pid").mkdir()
    texts = {
        "main.cf": _MAIN.format(
            folder=folder,
            log=postfix.log,
            certificate=made.certificate_file,
            key=made.key_file,
            domain=DOMAIN,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
        ),
        "master.cf": _MASTER.format(port=postfix.port),
        "mailboxes": f"/^reader[0-9]+@{DOMAIN}$/ everybody/\n",
        "aliases": f"/^ghost([0-9]+)@{DOMAIN}$/ nobody$1@{DOMAIN}\n",
        "transport": f"{_BOUNCE} {bounces_to}\n",
        "sasl/smtpd.conf": _SASL.format(folder=folder),
    }
    for name, text in texts.items():
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    users = folder / "sasl" / "users"
    add = [_program("saslpasswd2"), "-cp", "-f", str(users), "-u", "relay.example", USER]
    subprocess.run(add, input=PASSWORD.encode(), check=True)
    shutil.chown(users, "postfix")


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    assert found, f"{name} is not installed; see .ci/run"
    return found


def _daemons() -> Path:
    ask = [_program("postconf"), "-dh", "daemon_directory"]
    return Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip())


def _wait_until_ready(master: subprocess.Popen[bytes], postfix: Postfix) -> None:
    """Wait until its port listens: the first thing that it logs comes after that."""
    while master.poll() is None:
        if postfix.log.exists() and "daemon started" in postfix.log.read_text(encoding="utf-8"):
            return
        time.sleep(0.05)
    raise AssertionError("Postfix ended instead of starting")
