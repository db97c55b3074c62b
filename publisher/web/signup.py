"""The forms by which people sign up: on a newsletter's page, and in a frame of anybody's page.

Whoever posts one has no authority but that of typing an address, so a form may stand anywhere and
there is nothing to forge (A8): no cookie, no login. What it may cost is bounded by
`publisher.signup`. The answer is the same whoever the address belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from starlette.background import BackgroundTask
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from publisher.errors import AddressError, TokenError
from publisher.mail.address import parse
from publisher.model import Address, Newsletter, SignUp, Wishes
from publisher.signup import NotTaken
from publisher.store.consents import hash_of
from publisher.tokens import Purpose
from publisher.web import archive
from publisher.web.blank import LATEST, SOONEST, Blank, blank
from publisher.web.choosing import chosen
from publisher.web.consent import given_from, words
from publisher.web.keeping import LATER, STATUS, keep, printable
from publisher.web.people import PRIVATE
from publisher.web.proof import FIELD
from publisher.web.site import Site, not_found, page, site_of

# A field that people do not see; programs that fill in everything fill it in.
_TRAP = "subject"
_MOST_FIELDS = 100


async def newsletter(request: Request) -> Response:
    """Answer /newsletters/SLUG: the form and the issues; POST signs somebody up."""
    if request.method != "POST":
        return await archive.newsletter(request)
    found = _public(request)
    return not_found(request) if found is None else await _taken(request, found, is_framed=False)


async def framed(request: Request) -> Response:
    """Answer /newsletters/SLUG/form: the form alone, for a frame; POST takes it."""
    newsletter = _public(request)
    if newsletter is None:
        return not_found(request)
    if request.method == "POST":
        return await _taken(request, newsletter, is_framed=True)
    language = newsletter.language_for(request.query_params.get("language", ""))
    return _shown(
        request, newsletter, blank(request, newsletter, language=language), language, is_framed=True
    )


async def embed(request: Request) -> Response:
    """Answer /newsletters/SLUG/embed: what to copy into a page of one's own."""
    newsletter = _public(request)
    if newsletter is None:
        return not_found(request)
    site = site_of(request)
    path = f"{site.publication.base_url}/newsletters/{newsletter.slug}"
    say = site.templates.translated(newsletter.language).gettext
    label, button = escape(say("Your e-mail address")), escape(say("Sign up"))
    codes = {
        "form": f'<form action="{path}" method="post">\n  <label>{label}\n'
        '  <input type="email" name="email" required autocomplete="email"></label>\n'
        f"  <button>{button}</button>\n</form>",
        "frame": f'<iframe src="{path}/form" title="{escape(newsletter.title)}"\n'
        '  width="100%" height="760" style="border: 0"></iframe>',
    }
    about = {"newsletter": newsletter, "codes": codes}
    return page(request, "embed", about, language=newsletter.language, script="copy.js")


def _public(request: Request) -> Newsletter | None:
    found = site_of(request).newsletter(request.path_params["slug"])
    return found if found is not None and found.is_public else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """A form as it came. ``shown`` is when it was shown by us, None if it was not."""

    email: str
    name: str
    wishes: Wishes
    is_trapped: bool
    is_stamped: bool
    shown: datetime | None
    solution: str


def _filled(site: Site, form: FormData, newsletter: Newsletter) -> _Filled:
    """Read a form. Raises HTTPException 400 for what is not on offer."""
    usual = newsletter.default_cadence.name
    if "cadence" not in form:
        form = FormData([*form.multi_items(), ("cadence", usual)])
    written = form.get("stamp")
    return _Filled(
        email=str(form.get("email", "")),
        name=str(form.get("name", "")),
        wishes=chosen(form, newsletter, Wishes(cadence=usual), site.clock()),
        is_trapped=bool(form.get(_TRAP)),
        is_stamped=bool(written),
        shown=_time_of(site, str(written or "")),
        solution=str(form.get(FIELD, "")),
    )


def _time_of(site: Site, stamp: str) -> datetime | None:
    try:
        seconds, *_ = site.tokens.read(Purpose.FORM, stamp)
        return datetime.fromtimestamp(seconds, UTC)
    except (TokenError, ValueError, OverflowError, OSError):
        return None


async def _taken(request: Request, newsletter: Newsletter, *, is_framed: bool) -> Response:
    site = site_of(request)
    async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
        filled = _filled(site, form, newsletter)
    language = newsletter.language_for(filled.wishes.language)

    def again(fault: str) -> Response:
        form = blank(
            request,
            newsletter,
            wishes=filled.wishes,
            language=language,
            address=filled.email,
            name=filled.name,
            fault=fault,
        )
        return _shown(request, newsletter, form, language, is_framed=is_framed, status=422)

    try:
        address = parse(filled.email, name="")
    except AddressError:
        return again("address")
    answer: dict[str, object] = {"newsletter": newsletter, "address": address.mailbox}
    if filled.is_trapped:
        return _asked(request, answer, language, is_framed=is_framed)
    now = site.clock()
    # A form without a stamp stands on a page that is not ours. One with a bad stamp gets a new one.
    if filled.is_stamped and (filled.shown is None or not SOONEST <= now - filled.shown <= LATEST):
        return again("again")
    # What stood beside somebody else's form is not known; what stands beside the button of the
    # confirmation is, and that is what counts.
    wording = words(site, "signup", newsletter, language) if filled.is_stamped else ""
    sign_up = SignUp(
        newsletter=newsletter.slug,
        address=Address(mailbox=address.mailbox, name=printable(filled.name)),
        wishes=filled.wishes,
        consent={
            "form": "embed" if is_framed or not filled.is_stamped else "page",
            "language": language,
            **({"wording": hash_of(wording)} if wording else {}),
            **given_from(request),
        },
    )
    became = await keep(
        request,
        sign_up,
        wording=wording,
        is_foreign=not filled.is_stamped,
        solution=filled.solution,
    )
    if became is NotTaken.UNPROVED:  # as from every form elsewhere; here a press makes one
        return again("again")
    if isinstance(became, NotTaken):
        return _told_later(request, newsletter, became, language, is_framed=is_framed)
    return _asked(request, answer, language, is_framed=is_framed, then=became)


def _shown(
    request: Request,
    newsletter: Newsletter,
    form: Blank,
    language: str,
    *,
    is_framed: bool,
    status: int = 200,
) -> Response:
    return page(
        request,
        "signup",
        {"newsletter": newsletter, "form": form, "is_framed": is_framed},
        language=language,
        status=status,
        headers=PRIVATE,
        framed=is_framed,
        script=form.script,
        fetches=form.script is not None,
    )


def _asked(
    request: Request,
    about: dict[str, object],
    language: str,
    *,
    is_framed: bool,
    then: BackgroundTask | None = None,
) -> Response:
    answer = page(
        request,
        "asked",
        {**about, "is_framed": is_framed},
        language=language,
        headers=PRIVATE,
        framed=is_framed,
    )
    answer.background = then
    return answer


def _told_later(
    request: Request, newsletter: Newsletter, why: NotTaken, language: str, *, is_framed: bool
) -> Response:
    return page(
        request,
        "later",
        {"newsletter": newsletter, "is_framed": is_framed},
        language=language,
        status=STATUS[why],
        headers={**PRIVATE, **LATER},
        framed=is_framed,
    )
