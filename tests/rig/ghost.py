"""A Ghost site's Content API as Ghost 6 answers it, over posts that a test may change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from publisher.model import Publication
from publisher.ports import Source
from publisher.sources.ghost import Settings, make
from tests.rig.web import Asked, Page, WebRig

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
KEY = "22444f78447824223cefc48062"
# What the Content API knows of NQL here: + is and, a comma between brackets is or.
_TERM = re.compile(
    r"(?P<any>\((?:[^()']|'[^']*')*\))"
    r"|(?P<field>\w+):(?:(?P<above>>)'(?P<bound>[^']*)'|\[(?P<list>[^\]]*)\]|(?P<value>[\w-]+))"
)


class Ghost:
    """Serves ``posts`` (ids to what the API says of a post) at ``web``, to who has KEY.

    ``before`` is called before each answer is made. ``posts`` are published ones.
    """

    def __init__(self, web: WebRig) -> None:
        self.web = web
        self.url = web.url
        self.posts: dict[str, dict[str, Any]] = {}
        self.before: Callable[[Asked], object] = lambda _: None
        self.route = "/ghost/api/content/posts/"
        web.pages[self.route] = self._answer

    def publish(self, number: int, *, at: datetime | None = None, **said: Any) -> str:
        """Put a post there: an hour after START for each number, unless ``at`` says when."""
        at = at or START + timedelta(hours=number)
        id_ = f"{number:024x}"
        self.posts[id_] = {
            "id": id_,
            "uuid": f"00000000-0000-4000-8000-{number:012x}",
            "title": f"Post {number}",
            "slug": f"post-{number}",
            "html": f"<p>Text {number}.</p>",
            "feature_image": None,
            "visibility": "public",
            "published_at": _written(at),
            "updated_at": _written(at),
            "custom_excerpt": None,
            "canonical_url": None,
            "url": f"https://example.org/post-{number}/",
            "excerpt": f"Text {number}.",
            "tags": [],
            "authors": [],
            "primary_tag": None,
            **said,
        }
        return id_

    def edit(self, id_: str, at: datetime, **said: Any) -> None:
        """Save a post anew."""
        self.posts[id_] |= {"updated_at": _written(at), **said}

    def _answer(self, asked: Asked) -> Page:
        self.before(asked)
        query = dict(parse_qsl(urlsplit(asked.target).query))
        if "key" not in query:
            return _error(403, "NoPermissionError", "Authorization failed")
        if query["key"] != KEY:
            return _error(401, "UnauthorizedError", "Unknown Content API Key")
        try:
            terms = list(_terms(query.get("filter", "")))
        except ValueError:
            return _error(400, "BadRequestError", "Error parsing filter")
        chosen = [p for p in self.posts.values() if all(_holds(p, term) for term in terms)]
        field, _, direction = query.get("order", "published_at desc").partition(" ")
        chosen.sort(key=lambda post: str(post[field]), reverse=direction == "desc")
        # Ghost 6 gives no more than a hundred, whatever is asked for.
        size, page = min(int(query.get("limit", 15)), 100), int(query.get("page", 1))
        pages = max(1, -(-len(chosen) // size))
        pagination = {
            "page": page,
            "limit": size,
            "pages": pages,
            "total": len(chosen),
            "next": page + 1 if page < pages else None,
            "prev": page - 1 if page > 1 else None,
        }
        given = chosen[(page - 1) * size : page * size]
        return _page(
            200,
            {
                "posts": [_represented(post, query) for post in given],
                "meta": {"pagination": pagination},
            },
        )


def source(publication: Publication, site: Ghost, **settings: Any) -> Source:
    """Make the source that reads the site."""
    chosen = {"url": site.url, "key": KEY, "allow_private": True, **settings}
    return make("blog", Settings.model_validate(chosen), publication)


def _terms(written: str) -> Iterator[re.Match[str]]:
    """Split a filter into what must all hold."""
    place = 0
    while place < len(written):
        term = _TERM.match(written, place)
        if term is None or written[term.end() : term.end() + 1] not in ("", "+"):
            raise ValueError(written)
        yield term
        place = term.end() + 1


def _holds(post: Mapping[str, Any], term: re.Match[str]) -> bool:
    if term["any"]:
        return any(_holds(post, part) for part in _TERM.finditer(term["any"][1:-1]))
    value = post[term["field"]]
    if term["above"]:
        return value is not None and _stored(str(value)) > term["bound"]
    return str(value) in (term["list"].split(",") if term["list"] else [term["value"]])


def _stored(value: str) -> str:
    """Give a time as SQLite holds it, which compares it with the filter as a text."""
    return re.sub(r"T(.*)\.\d+\+00:00$", r" \1", value)


def _represented(post: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    shown = dict(post)
    if post["visibility"] != "public":
        # What stands in front of the paywall, if the author drew one (post-gating).
        before, wall, _ = (post["html"] or "").partition("<!--members-only-->")
        shown["html"] = before if wall else ""
    if "fields" in query:
        return {name: shown[name] for name in query["fields"].split(",") if name in shown}
    included = query.get("include", "").split(",")
    left_out = set() if "tags" in included else {"tags", "primary_tag"}
    left_out |= set() if "authors" in included else {"authors"}
    return {name: value for name, value in shown.items() if name not in left_out}


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _error(status: int, type_: str, message: str) -> Page:
    fault = {"message": message, "context": None, "type": type_, "details": None}
    return _page(status, {"errors": [{**fault, "property": None, "help": None, "code": None}]})


def _page(status: int, body: object) -> Page:
    headers = {"Content-Type": "application/json; charset=utf-8", "Content-Version": "v6.0"}
    return Page(status=status, body=json.dumps(body), headers=headers)
