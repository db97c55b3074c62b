"""What people are shown where they agree to something, and what is noted of them and of that."""

from __future__ import annotations

import re

from starlette.requests import Request

from publisher.mail.address import clean_name
from publisher.model import Newsletter
from publisher.web.site import Site, site_of

# Names are printed in mails, and whoever types one into a form may be anybody (A12).
_NO_NAME = re.compile(r"[/@:]|www\.", re.IGNORECASE)
_LONGEST_NAME = 60


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


def name_of(typed: str) -> str:
    """Give a name as it may be printed; "" for what is an address or an advertisement."""
    name = clean_name(typed)
    return "" if len(name) > _LONGEST_NAME or _NO_NAME.search(name) else name
