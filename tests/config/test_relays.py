"""What may stand beside what in a relay's table, and what is said where it may not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.config import Config
from publisher.transports._settings import SmtpSettings
from tests.rig.certificate import make_certificate
from tests.rig.keys import private_pem

Faulty = Callable[..., list[str]]

HOST = "allowed: a host name, or an IPv4 or IPv6 address, without brackets and port"
CERT = 'host = "m"\nclient_cert_file = "cert.pem"\n'
XOAUTH2 = 'host = "m"\nauth = "xoauth2"\n'
LMTP = 'protocol = "lmtp"\n'
PORT_25 = "port: 25 is for SMTP alone, allowed: another port, such as 24"

FAULTS = [
    ("", ["host: missing, allowed: text"]),
    ('host = "mail.example.org:587"', [f'host: "mail.example.org:587" is not a host, {HOST}']),
    ('host = "[::1]"', [f'host: "[::1]" is not a host, {HOST}']),
    ('host = "me@mail"', [f'host: "me@mail" is not a host, {HOST}']),
    ('protocol = "lpd"\nhost = "m"',
     ['protocol: "lpd" is not allowed, allowed: "smtp", "lmtp" or "file"']),
    ('host = "m"\nsocket = "s"', ['socket: means nothing with protocol = "smtp"']),
    (LMTP, [
        "host: missing, allowed: text, or socket instead",
        "port: missing, as LMTP has none of its own, allowed: such as 24",
    ]),
    (f'{LMTP}host = "m"', ["port: missing, as LMTP has none of its own, allowed: such as 24"]),
    (f'{LMTP}host = "m"\nport = 25', [PORT_25]),
    (f'{LMTP}host = "m"\nport = "25"', [PORT_25]),
    (f'{LMTP}socket = "s"\nhost = "m"', ["socket: stands beside host, allowed: one of the two"]),
    (f'{LMTP}socket = "s"\nport = 24', ["port: means nothing beside socket"]),
    ('host = "m"\nsecurity = "none"\nca_file = "f"\nverify = false', [
        'ca_file: means nothing with security = "none"',
        'verify: means nothing with security = "none"',
    ]),
    ('host = "m"\nca_file = "cert.pem"\nverify = false',
     ["ca_file: means nothing with verify = false"]),
    ('host = "m"\nca_file = "none.pem"', ["ca_file: {site}/none.pem: No such file or directory"]),
    ('host = "m"\nca_file = "a\\u0000b"', ["ca_file: is no path"]),
    ('host = "m"\nca_file = "junk.pem"',
     ["ca_file: {site}/junk.pem holds no certificate in PEM form"]),
    ('host = "m"\nclient_cert_file = "none.pem"',
     ["client_cert_file: {site}/none.pem: No such file or directory"]),
    ('host = "m"\nclient_cert_file = "junk.pem"',
     ["client_cert_file: {site}/junk.pem holds no certificate in PEM form"]),
    ('host = "m"\nclient_cert_file = "cert.pem"',
     ["client_cert_file: {site}/cert.pem holds no private key in PEM form"]),
    ('host = "m"\nclient_key_file = "key.pem"',
     ["client_cert_file: missing, though there is a client_key_file"]),
    (f'{CERT}client_key_file = "junk.pem"',
     ["client_key_file: {site}/junk.pem holds no private key in PEM form"]),
    (f'{CERT}client_key_file = "other.pem"',
     ["client_key_file: {site}/other.pem is not the key of {site}/cert.pem"]),
    (f'{CERT}client_key_file = "locked.pem"',
     ["client_key_file: {site}/locked.pem has a password; write the key without one"]),
    (f'{XOAUTH2}', [
        'username: missing or empty, though auth = "xoauth2"',
        'oauth_token_file: missing or empty, though auth = "xoauth2"',
    ]),
    (f'{XOAUTH2}username = "n"\npassword = "p"\noauth_token_file = "t"',
     ['password: means nothing with auth = "xoauth2"']),
    (f'{XOAUTH2}username = "n"\noauth_token_file = "t"\nsecurity = "none"',
     ['security: "none" would let others see the token of auth = "xoauth2",'
      ' allowed: "starttls" or "tls"']),
    ('host = "m"\noauth_token_file = "t"',
     ['oauth_token_file: means nothing with auth = "password"']),
    ('protocol = "file"', ["folder: missing, allowed: a path"]),
    ('protocol = "file"\nfolder = "f"\nhost = "m"\nauth = "password"', [
        'host: means nothing with protocol = "file"',
        'auth: means nothing with protocol = "file"',
    ]),
    ('host = "m"\nformat = "eml"', ['format: means nothing with protocol = "smtp"']),
    ('protocol = "file"\nfolder = "f"\nformat = "mbox"',
     ['format: "mbox" is not allowed, allowed: "eml" or "maildir"']),
    (f'{LMTP}socket = "s"\nsecurity = "tls"', ["security: means nothing beside socket"]),
]  # fmt: skip


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate and its key, the key with a password, and what is neither."""
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "junk.pem").write_text("-----BEGIN\n")
    (folder / "other.pem").write_text(private_pem())
    locked = make_certificate(folder, key_password="open sesame")
    locked.key_file.rename(folder / "locked.pem")
    make_certificate(folder)
    return folder


@pytest.fixture
def site(read: Callable[..., Config], certificates: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(certificates, tmp_path / "site", dirs_exist_ok=True))


@pytest.mark.parametrize(("table", "expected"), FAULTS)
def test_fault_says_what_is_wrong_and_what_is_allowed(
    faults_of: Faulty, minimal: str, site: Path, table: str, expected: list[str]
) -> None:
    faults = faults_of(f"{minimal}\n[smtp.main]\n{table}\n")

    assert [f"smtp.main.{fault.format(site=site)}" for fault in expected] == faults


def test_files_of_a_relay_are_relative_to_the_config(
    read: Callable[..., Config], minimal: str, site: Path
) -> None:
    """And read when a connection is made, so that who renews a certificate need tell nobody."""
    files = 'ca_file = "cert.pem"\nclient_cert_file = "cert.pem"\nclient_key_file = "key.pem"\n'

    config = read(f'{minimal}\n[smtp.main]\nhost = "mail.example.org"\n{files}')

    assert config.relays["main"].hop == SmtpSettings(
        host="mail.example.org",
        port=587,
        security="starttls",
        ca_file=site / "cert.pem",
        client_cert_file=site / "cert.pem",
        client_key_file=site / "key.pem",
    )
