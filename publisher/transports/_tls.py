"""TLS to a relay: whom we trust, and who we say that we are.

The config is checked with it as well, so that a file that will not do is told when it is named.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from publisher.transports._settings import SmtpSettings


class UnusableFile(Exception):
    """A file that cannot be used. ``key`` is that of the config, ``reason`` what is wrong."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason


def context(settings: SmtpSettings) -> ssl.SSLContext:
    """Make the client's side of TLS, verifying the server. Reads the files. Raises UnusableFile."""
    if settings.ca_file is not None:
        _read("ca_file", settings.ca_file)
    try:
        made = ssl.create_default_context(cafile=settings.ca_file)
    except ssl.SSLError as error:
        reason = f"{settings.ca_file} holds no certificate in PEM form"
        raise UnusableFile("ca_file", reason) from error
    # RFC 8996: older versions must not be used, whatever this machine would allow.
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not settings.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if settings.client_cert_file is not None:
        _identify(made, settings.client_cert_file, settings.client_key_file)
    return made


def _identify(made: ssl.SSLContext, cert_file: Path, key_file: Path | None) -> None:
    """Have a certificate shown to the server; its key is in the same file or in one of its own."""
    if "-----BEGIN CERTIFICATE-----" not in _read("client_cert_file", cert_file):
        raise UnusableFile("client_cert_file", f"{cert_file} holds no certificate in PEM form")
    key, key_place = ("client_key_file", key_file) if key_file else ("client_cert_file", cert_file)
    text = _read(key, key_place)
    if "PRIVATE KEY-----" not in text:
        raise UnusableFile(key, f"{key_place} holds no private key in PEM form")
    if "ENCRYPTED" in text:  # OpenSSL would ask for the password at the terminal
        raise UnusableFile(key, f"{key_place} has a password; write the key without one")
    try:
        made.load_cert_chain(cert_file, key_file)
    except ssl.SSLError as error:
        # The second is what it says of a key of another kind than the certificate's.
        if error.reason in ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"):
            raise UnusableFile(key, f"{key_place} is not the key of {cert_file}") from error
        raise UnusableFile(key, f"{key_place} cannot be used: {error}") from error


def _read(key: str, path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise UnusableFile(key, f"{path}: {error.strerror}") from error
    except ValueError as error:  # a NUL in it
        raise UnusableFile(key, "is no path") from error
