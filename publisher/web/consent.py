"""What people are shown where they agree to something, and what is noted of that."""

from __future__ import annotations

from starlette.requests import Request

from publisher.model import Newsletter
from publisher.web.site import Site, site_of


def words(site: Site, name: str, newsletter: Newsletter, language: str) -> str:
    """Give what is shown beside a button: the template web/wording/NAME.txt, in one line.

    It is a template of its own so that what is kept is what is shown, whatever a site makes of it.
    """
    text = site.templates.text(
        f"web/wording/{name}.txt",
        newsletter=newsletter,
        publication=site.publication,
        language=language,
    )
    return " ".join(text.split())


def given_from(request: Request, key: str = "ip") -> dict[str, str]:
    """Note from which address somebody agreed, if the config wants it noted."""
    if request.client is None or not site_of(request).sign_ups.record_ip:
        return {}
    return {key: request.client.host}
