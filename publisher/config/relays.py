"""What the config says of relays: the rules between their keys, and where each one is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publisher.config.document import anchored
from publisher.config.faults import Faults
from publisher.config.schema import KeyPath
from publisher.config.site import PerDomain, Rate, Relay, Sender
from publisher.config.smtp import DkimTable, PerDomainTable, RelayTable, SenderTable, WarmUpTable
from publisher.config.values import one_or_several
from publisher.model import WarmUp
from publisher.transports import _tls as tls
from publisher.transports._settings import FileSettings, Hop, LmtpSettings, SmtpSettings

if TYPE_CHECKING:
    from publisher.mail.dkim import Signer

_Table = dict[str, Any]

_PORTS = {"starttls": 587, "tls": 465, "none": 25}  # RFC 6409 §3.1, RFC 8314 §7.3
_SMTP_PORT = 25

# What is of use where the line is encrypted, and on the way to a host, and nowhere else.
_TLS_FILES = ("ca_file", "client_cert_file", "client_key_file")
_TLS = ("verify", *_TLS_FILES)
_LOGIN = ("auth", "username", "password", "oauth_token_file")
_NETWORK = ("port", "client_hostname", "security", *_TLS, *_LOGIN)


def check(site: _Table, folder: Path, faults: Faults) -> None:
    """Note every fault between the keys of relays, and of the files that they name."""
    tables = site.get("smtp")
    for name, relay in tables.items() if isinstance(tables, dict) else ():
        if isinstance(relay, dict):
            path = ("smtp", name)
            _check_place(path, relay, faults)
            _check_tls(path, relay, folder, faults)
            check_login(path, relay, faults)
            _check_keys((*path, "dkim"), one_or_several(relay.get("dkim")), faults)


def hop(table: RelayTable, folder: Path) -> Hop:
    """Say where a relay is, and by the type of that how mail is brought there."""
    if table.folder is not None:
        return FileSettings(folder=anchored(table.folder, folder), format=table.format)
    if table.socket is not None:
        return LmtpSettings(
            socket=anchored(table.socket, folder),
            security="none",
            envelope_ahead=table.envelope_ahead,
        )
    kind = LmtpSettings if table.protocol == "lmtp" else SmtpSettings
    return kind(
        host=table.host or "",
        port=table.port or _PORTS[table.security],
        security=table.security,
        username=table.username or None,
        password=table.password.get_secret_value() if table.username and table.password else None,
        oauth_token_file=_file(table.oauth_token_file, folder),
        client_hostname=table.client_hostname,
        verify=table.verify,
        ca_file=_file(table.ca_file, folder),
        client_cert_file=_file(table.client_cert_file, folder),
        client_key_file=_file(table.client_key_file, folder),
        envelope_ahead=table.envelope_ahead,
    )


def _file(path: Path | str | None, folder: Path) -> Path | None:
    return anchored(Path(path), folder) if path is not None else None


def relay(name: str, table: RelayTable, folder: Path) -> Relay:
    """Give the relay that a table stands for."""
    return Relay(
        name=name,
        hop=hop(table, folder),
        connections=table.connections,
        rate=rate(table.rate) if table.rate else None,
        daily=table.daily,
        warm_up=_warm_up(table.warm_up),
        give_up_after=table.give_up_after,
        per_domain=None if table.per_domain is None else _per_domain(table.per_domain),
        signers=tuple(map(_signer, table.dkim)),
    )


def sender(table: SenderTable) -> Sender:
    """Give what a domain of senders may do."""
    return Sender(
        rate=rate(table.rate) if table.rate else None,
        daily=table.daily,
        warm_up=_warm_up(table.warm_up),
    )


def _warm_up(table: WarmUpTable | None) -> WarmUp | None:
    if table is None:
        return None
    return WarmUp(start=table.start, first=table.first, factor=table.factor)


def _per_domain(table: PerDomainTable) -> PerDomain:
    return PerDomain(
        connections=table.connections,
        rate=rate(table.rate) if table.rate else None,
        by_mx=table.group_by_mx,
    )


def rate(text: str) -> Rate:
    """Read how many there may be in how many seconds."""
    mails, _, unit = text.partition("/")
    return int(mails), {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]


def _signer(table: DkimTable) -> Signer:
    from publisher.mail.dkim import signer

    return signer(table.domain, table.selector, table.key.get_secret_value())


def _check_place(path: KeyPath, relay: _Table, faults: Faults) -> None:
    protocol = relay.get("protocol", "smtp")
    with_protocol = f'with protocol = "{protocol}"'
    if protocol == "file":
        if "folder" not in relay:
            faults.add((*path, "folder"), "missing", "a path")
        useless = ["host", "socket", "envelope_ahead", *_NETWORK]
        _check_useless(path, relay, useless, with_protocol, faults)
        return
    _check_useless(path, relay, ["folder", "format"], with_protocol, faults)
    if protocol == "lmtp" and "socket" in relay:
        if "host" in relay:
            faults.add((*path, "socket"), "stands beside host", "one of the two")
        _check_useless(path, relay, _NETWORK, "beside socket", faults)
        return
    _check_useless(path, relay, ["socket"], with_protocol, faults)
    if "host" not in relay:
        either = "text, or socket instead" if protocol == "lmtp" else "text"
        faults.add((*path, "host"), "missing", either)
    if protocol == "lmtp":
        # RFC 2033 §5: what comes to port 25 is not from a program of one's own.
        if "port" not in relay:
            faults.add((*path, "port"), "missing, as LMTP has none of its own", "such as 24")
        elif relay["port"] in (_SMTP_PORT, str(_SMTP_PORT)):
            faults.add((*path, "port"), "25 is for SMTP alone", "another port, such as 24")


def _check_tls(path: KeyPath, relay: _Table, folder: Path, faults: Faults) -> None:
    if relay.get("security") == "none":
        _check_useless(path, relay, _TLS, 'with security = "none"', faults)
        return
    if relay.get("verify") is False:
        _check_useless(path, relay, ["ca_file"], "with verify = false", faults)
    if "client_key_file" in relay and "client_cert_file" not in relay:
        faults.add((*path, "client_cert_file"), "missing, though there is a client_key_file")
    given = [relay.get(key) for key in _TLS_FILES]
    ca, cert, key = (_file(each if isinstance(each, str) else None, folder) for each in given)
    if ca or cert:
        made = SmtpSettings(security="tls", ca_file=ca, client_cert_file=cert, client_key_file=key)
        try:
            tls.context(made)
        except tls.UnusableFile as fault:
            faults.add((*path, fault.key), fault.reason)


def _check_useless(
    path: KeyPath, relay: _Table, useless: Iterable[str], where: str, faults: Faults
) -> None:
    for key in useless:
        if key in relay:
            faults.add((*path, key), f"means nothing {where}")


def check_login(path: KeyPath, relay: _Table, faults: Faults) -> None:
    """Note every fault between the keys of a login, by password or token."""
    if relay.get("auth") == "xoauth2":
        _check_useless(path, relay, ["password"], 'with auth = "xoauth2"', faults)
        for key in ("username", "oauth_token_file"):
            if not relay.get(key):
                faults.add((*path, key), 'missing or empty, though auth = "xoauth2"')
        if relay.get("security") == "none":
            wrong = '"none" would let others see the token of auth = "xoauth2"'
            faults.add((*path, "security"), wrong, '"starttls" or "tls"')
        return
    _check_useless(path, relay, ["oauth_token_file"], 'with auth = "password"', faults)
    if bool(relay.get("username")) != bool(relay.get("password")):
        given, absent = (
            ("username", "password") if relay.get("username") else ("password", "username")
        )
        faults.add(
            (*path, absent), f"missing or empty, though there is a {given}", "both or neither"
        )


def _check_keys(path: KeyPath, dkim: Any, faults: Faults) -> None:
    seen: dict[tuple[str, str], KeyPath] = {}
    for n, table in enumerate(dkim if isinstance(dkim, list) else []):
        if not isinstance(table, dict):
            continue
        _check_key((*path, n, "key"), table.get("key"), faults)
        record = (str(table.get("domain")), str(table.get("selector")))
        if record in seen:  # there is one public key in it
            other = faults.dotted(seen[record])
            faults.add((*path, n, "selector"), f"is that of {other}", "one of its own for each key")
        seen.setdefault(record, (*path, n))


def _check_key(path: KeyPath, key: Any, faults: Faults) -> None:
    if isinstance(key, str):
        # Here, since its library takes its time to load, and few sites sign.
        from publisher.mail.dkim import signer

        try:
            signer("", "", key)
        except ValueError as error:
            faults.add(path, str(error), "an RSA or Ed25519 key in PEM form")
