"""A certificate for tests of TLS, made by the openssl program when they run."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A self-signed certificate for localhost, 127.0.0.1 and ::1, which is its own authority."""

    certificate_file: Path
    key_file: Path

    def server_context(self, clients: Path | None = None) -> ssl.SSLContext:
        """Make the server's side of TLS, which demands a client's certificate of ``clients``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_file, self.key_file)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        return context


def make_certificate(folder: Path) -> Certificate:
    """Make a certificate that is good for a day."""
    made = Certificate(certificate_file=folder / "cert.pem", key_file=folder / "key.pem")
    command = "openssl req -x509 -nodes -days 1 -subj /CN=localhost -newkey ec"
    names = "DNS:localhost,IP:127.0.0.1,IP:::1"
    options = f"-pkeyopt ec_paramgen_curve:prime256v1 -addext subjectAltName={names}"
    files = ["-keyout", str(made.key_file), "-out", str(made.certificate_file)]
    subprocess.run([*command.split(), *options.split(), *files], check=True, capture_output=True)
    return made
