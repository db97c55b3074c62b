"""What every page needs: the site as it is configured now, and the frame of an HTML answer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import HTMLResponse

from publisher.app.coming import Read
from publisher.config.site import Serving, SignUps, Webhook
from publisher.model import Cadence, Feed, Newsletter, Publication, Rejection, SourceArticle
from publisher.ports import Clock
from publisher.providers import Posted
from publisher.publish import Press
from publisher.render import Templates
from publisher.sources.push import Pushed
from publisher.store.engine import Store
from publisher.tokens import Tokens

# Pages need no file of ours; pictures, sound and film may stand anywhere.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src * data:; media-src *; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class Pushing(Protocol):
    """What takes in the articles that are pushed; `publisher.app.sources` has one."""

    @property
    def push_tokens(self) -> Mapping[str, SecretStr]:
        """Map each source that takes pushes to the token that opens it."""
        ...

    async def push(self, name: str, told: SourceArticle, /) -> Pushed | Rejection:
        """Take in one article for a source; what came of it is stored. Raises StoreError."""
        ...

    async def withdraw_pushed(self, name: str, guid: str, /) -> bool:
        """Withdraw what was pushed under a guid; False if nothing is there. Raises StoreError."""
        ...


class Coming(Protocol):
    """What knows the next issue before it is made; `publisher.app.App` is one."""

    async def next_mail(self, newsletter: Newsletter, cadence: Cadence, /) -> Read | None:
        """Give its mail, None if there would be none. Raises PublisherError."""
        ...


class Hooks(Protocol):
    """What takes in what providers tell of mails; `publisher.app.returns` has one."""

    @property
    def providers(self) -> Mapping[str, object]:
        """Map the providers of the config by name."""
        ...

    async def hear(self, name: str, posted: Posted, /) -> None:
        """Take in what one has posted. Raises Unsigned, Unreadable, FetchError and StoreError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site under one config; another config makes another one, and another application.

    ``caught`` is the folder of the capturing mail server, None when it is not running;
    ``pushing`` is None when no source takes pushes, ``hooks`` when no provider tells of mails.
    ``is_static`` says that its pages are written into files, and asked for nobody knows when.
    """

    store: Store
    press: Press
    publication: Publication
    serving: Serving
    newsletters: tuple[Newsletter, ...]
    templates: Templates
    tokens: Tokens
    clock: Clock
    caught: Path | None
    coming: Coming
    pushing: Pushing | None = None
    webhooks: tuple[Webhook, ...] = ()
    hooks: Hooks | None = None
    sign_ups: SignUps = field(default_factory=SignUps)
    is_static: bool = False

    def newsletter(self, slug: str) -> Newsletter | None:
        """Find a newsletter of the config by its slug."""
        return next((each for each in self.newsletters if each.slug == slug), None)


def site_of(request: Request) -> Site:
    """Give the site that a request was made to."""
    site: Site = request.app.state.site
    return site


def page(
    request: Request,
    name: str,
    context: Mapping[str, object],
    *,
    language: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    discovered: Sequence[Feed] | None = None,
    script: str | None = None,
    fetches: bool = False,
    framed: bool = False,
) -> HTMLResponse:
    """Answer with the template ``web/NAME.html``. Raises TemplateError.

    ``language`` is what it is written in, the publication's language without it.
    ``discovered`` are the feeds that the page leads readers to, those of the config without it.
    ``script`` names the one template that the page includes as a script.
    ``fetches`` lets that script ask this site for more.
    ``framed`` lets it stand in a frame of anybody's page.
    """
    site = site_of(request)
    html = site.templates.html(
        f"web/{name}.html",
        publication=site.publication,
        language=language or site.publication.language,
        discovered=site.press.feeds if discovered is None else discovered,
        **context,
    )
    policy = _POLICY if script is None else f"{_POLICY}; script-src {_allowed(site, script)}"
    if fetches:
        policy = f"{policy}; connect-src 'self'"
    if framed:
        policy = policy.replace("frame-ancestors 'none'", "frame-ancestors *")
    return HTMLResponse(html, status, {"Content-Security-Policy": policy, **(headers or {})})


def _allowed(site: Site, script: str) -> str:
    """Allow a script by what it is (CSP 3 §8.3), so that no other one runs on the page."""
    digest = hashlib.sha256(site.templates.html(f"web/{script}").encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def not_found(request: Request, *, status: int = 404) -> HTMLResponse:
    """Say that nothing is here; 410 for what was here once."""
    return page(request, "not_found", {}, status=status)
