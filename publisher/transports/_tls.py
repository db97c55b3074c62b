"""TLS to a relay: whom we trust, and who we say that we are."""

from __future__ import annotations

import ssl

from publisher.transports._settings import SmtpSettings


def context(settings: SmtpSettings) -> ssl.SSLContext:
    """Make the client's side of TLS. Raises OSError that says which file is at fault."""
    try:
        made = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise OSError(f"ca_file {settings.ca_file}: {error.strerror}") from error
    if not settings.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
