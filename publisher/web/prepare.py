"""Everything that is served as bytes, with the fields that belong to it: feeds, lists, styles."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from publisher.config.site import Serving
from publisher.formats import opml
from publisher.formats.sitemap import MEDIA_TYPE
from publisher.model import Feed, FeedDocument, Format, Publication
from publisher.publish.documents import packed
from publisher.web.answers import OPEN, Document, cache_control, uri

# A page of an archive that is full gets no other articles (RFC 5005 §4), only mended ones.
_FULL_PAGE = Serving(
    max_age=timedelta(days=7),
    stale_while_revalidate=timedelta(days=7),
    polls=None,
    trusted_proxies=(),
)
_STYLE_SECONDS = 86400
# Browsers show other XML than this as plain text, without its style sheet.
_SHOWN_AS = "application/xml; charset=utf-8"
_VARY = "Accept-Encoding, Sec-Fetch-Dest"


def feed(
    found: FeedDocument, publication: Publication, serving: Serving, *, chosen: bool = False
) -> Document:
    """Prepare a feed; ``chosen`` where it was chosen by Accept, at the address of its page."""
    # Deltas (RFC 3229) do not make these answers vary: they are asked for by the tag of what
    # the client has, and with that in Vary a cache would keep this once for each such tag.
    shared = {"Cache-Control": cache_control(serving), "Vary": _VARY, **OPEN}
    if chosen:
        shared |= {"Vary": f"Accept, {_VARY}", "Content-Location": found.path}
    return Document(
        found.body,
        found.packed,
        tag=found.etag,
        modified=found.modified,
        shared=shared,
        told=told(found, publication),
        shown_as=_shown_as(found),
    )


def _shown_as(found: FeedDocument) -> str | None:
    return None if found.format is Format.JSON else _SHOWN_AS


def told(found: FeedDocument, publication: Publication) -> dict[str, str]:
    """Give what is told with a feed's entries alone: the type, and where to hear of news.

    Hubs' subscribers look at these links before they look into the document (WebSub §4).
    """
    links = [f'<{uri(publication.base_url + found.path)}>; rel="self"']
    if publication.hub:
        links.append(f'<{uri(publication.hub)}>; rel="hub"')
    return {"Content-Type": found.media_type, "Link": ", ".join(links)}


def archived(found: FeedDocument, address: str, serving: Serving, *, is_full: bool) -> Document:
    """Prepare a page of an archive. It is made when asked for, so it has no honest date."""
    return Document(
        found.body,
        found.packed,
        tag=found.etag,
        shared={
            "Cache-Control": cache_control(_FULL_PAGE if is_full else serving),
            "Vary": _VARY,
            **OPEN,
        },
        told={"Content-Type": found.media_type, "Link": f'<{uri(address)}>; rel="self"'},
        shown_as=_shown_as(found),
    )


def outline(publication: Publication, feeds: list[Feed], serving: Serving) -> Document:
    """Prepare the list of all feeds. Takes its time: call it in a thread."""
    body = opml.write(publication, feeds)
    return Document(
        body,
        packed(body),
        tag=_tag(body),
        shared={"Cache-Control": cache_control(serving), "Vary": "Accept-Encoding", **OPEN},
        told={"Content-Type": opml.MEDIA_TYPE},
    )


def stylesheet(text: str) -> Document:
    """Prepare the style sheet of feeds. So short a text is not packed."""
    body = text.encode()
    return Document(
        body,
        {},
        tag=_tag(body),
        shared={"Cache-Control": f"public, max-age={_STYLE_SECONDS}", **OPEN},
        told={"Content-Type": "text/css; charset=utf-8"},
    )


def page(html: str, *, modified: datetime, policy: str, serving: Serving) -> Document:
    """Prepare a page that is the same for everybody. Takes its time: call it in a thread."""
    body = html.encode()
    return Document(
        body,
        packed(body),
        tag=_tag(body),
        modified=modified,
        shared={"Cache-Control": cache_control(serving), "Vary": "Accept-Encoding"},
        told={"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy},
    )


def sitemap(body: bytes, serving: Serving) -> Document:
    """Prepare a part of the site map. Takes its time: call it in a thread."""
    return Document(
        body,
        packed(body),
        tag=_tag(body),
        shared={"Cache-Control": cache_control(serving), "Vary": "Accept-Encoding"},
        told={"Content-Type": MEDIA_TYPE},
    )


def _tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
