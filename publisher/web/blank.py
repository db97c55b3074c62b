"""What a sign-up form is filled with before a person sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request

from publisher.model import Newsletter, Wishes
from publisher.tokens import Purpose
from publisher.web.consent import words
from publisher.web.people import languages
from publisher.web.proof import PATH
from publisher.web.site import Site, site_of

# A form that comes back sooner was filled in by a program, and one that comes back later has lain
# about for long; either is shown again, for one more press.
SOONEST = timedelta(seconds=2)
LATEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A form. ``fault`` says what is to be mended: "address", "again" for one more press, or "".

    ``stamp`` says when it was shown, signed; "" on pages that are kept as files. ``challenge`` is
    where its script gets what a proof of work begins with, "" if none is asked for. ``wording`` is
    what is agreed to, ``languages`` are pairs of tag and name, none if there is nothing to choose.
    """

    action: str
    stamp: str
    wording: str
    languages: list[tuple[str, str]]
    wishes: Wishes
    address: str = ""
    name: str = ""
    fault: str = ""
    challenge: str = ""

    @property
    def script(self) -> str | None:
        """Name the template of the script that it needs, None if it needs none."""
        return "proof.js" if self.challenge else None


def blank(
    request: Request,
    newsletter: Newsletter,
    *,
    wishes: Wishes | None = None,
    language: str | None = None,
    address: str = "",
    name: str = "",
    fault: str = "",
) -> Blank:
    """Make a form that posts to where it stands, or to the newsletter's page."""
    site = site_of(request)
    path = f"/newsletters/{newsletter.slug}"
    is_framed = request.url.path == f"{path}/form"
    # A page that is kept as a file may lie elsewhere.
    root = site.publication.base_url if site.is_static else ""
    return Blank(
        action=f"{root}{path}{'/form' if is_framed else ''}",
        stamp="" if site.is_static else stamp(site),
        wording=words(site, "signup", newsletter, language or newsletter.language),
        languages=languages(newsletter),
        wishes=wishes or Wishes(cadence=newsletter.default_cadence.name, language=language or ""),
        address=address,
        name=name,
        fault=fault,
        challenge=f"{root}{PATH}" if site.sign_ups.proof_of_work else "",
    )


def stamp(site: Site) -> str:
    """Sign the time: nothing of a form is kept here until it comes back."""
    return site.tokens.sign(Purpose.FORM, int(site.clock().timestamp()))
