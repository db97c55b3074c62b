"""A WordPress site's REST API as WordPress 6 answers it, over posts that a test may change.

Times are compared, and given to ``after`` and ``modified_after`` without a zone, on the site's
own wall clock, as WordPress does; a number that is not allowed is a 400 with its error body.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from publisher.model import Publication
from publisher.ports import Source
from publisher.sources.wordpress import Settings, make
from tests.rig.web import Asked, Page, WebRig

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
_GONE_AUTHOR = {
    "code": "rest_user_invalid_id",
    "message": "Invalid user ID.",
    "data": {"status": 404},
}
_ORDERS = {"id": "id", "date": "date_gmt", "modified": "modified_gmt"}


class WordPress:
    """Serves ``posts`` (REST base, then id, to what the API says of a post) at ``web``.

    ``login`` is the only user and application password that may ask, None if all may.
    ``before`` is called before each answer is made. ``is_pretty`` is whether the permalinks
    are, without which there is no /wp-json.
    """

    def __init__(
        self, web: WebRig, *, path: str = "", zone: str = "UTC", is_pretty: bool = True
    ) -> None:
        self.web = web
        self.url = f"{web.url}{path}"
        self.posts: dict[str, dict[int, dict[str, Any]]] = {"posts": {}}
        self.login: tuple[str, str] | None = None
        self.before: Callable[[Asked], object] = lambda _: None
        self.headers: dict[str, str] = {}
        self._zone = ZoneInfo(zone)
        self._routes = f"{path}/wp-json"
        web.pages[f"{path}/"] = self._front
        if is_pretty:
            self.open("posts")

    def open(self, kind: str) -> None:
        """Let a type of posts be asked for."""
        self.posts.setdefault(kind, {})
        self.web.pages[f"{self._routes}/wp/v2/{kind}"] = lambda asked: self._answer(kind, asked)

    def close(self, kind: str) -> None:
        """Answer as where there is no such type."""
        self.web.pages[f"{self._routes}/wp/v2/{kind}"] = _no_route

    def publish(
        self,
        number: int,
        *,
        kind: str = "posts",
        at: datetime | None = None,
        modified: datetime | None = None,
        **said: Any,
    ) -> dict[str, Any]:
        """Put a post there: an hour after START for each number, unless ``at`` says when."""
        at = at or START + timedelta(hours=number)
        post = {
            "id": number,
            "date_gmt": _written(at),
            "modified_gmt": _written(modified or at),
            "guid": {"rendered": f"https://example.org/?p={number}"},
            "slug": f"post-{number}",
            "status": "publish",
            "type": "post",
            "link": f"https://example.org/post-{number}/",
            "title": {"rendered": f"Post {number}"},
            "content": {"rendered": f"<p>Text {number}.</p>\n", "protected": False},
            "excerpt": {"rendered": f"<p>About {number}.</p>\n", "protected": False},
            "author": 1,
            "_embedded": {"author": [_GONE_AUTHOR]},
            **said,
        }
        self.posts[kind][number] = post
        return post

    def edit(self, number: int, at: datetime, *, kind: str = "posts", **said: Any) -> None:
        """Save a post anew."""
        self.posts[kind][number] |= {"modified_gmt": _written(at), **said}

    def withdraw(self, number: int, *, kind: str = "posts") -> None:
        del self.posts[kind][number]

    def _front(self, asked: Asked) -> Page:
        route = dict(parse_qsl(urlsplit(asked.target).query)).get("rest_route", "")
        kind = route.removeprefix("/wp/v2/")
        if not route:
            return Page(body="<!DOCTYPE html><title>A blog</title>")
        return self._answer(kind, asked) if kind in self.posts else _no_route(asked)

    def _answer(self, kind: str, asked: Asked) -> Page:
        self.before(asked)
        query = dict(parse_qsl(urlsplit(asked.target).query))
        if self.login and asked.headers.get("authorization") != _basic(*self.login):
            return _error(401, "rest_forbidden", "Sorry, you are not allowed to do that.")
        size, offset = int(query.get("per_page", 10)), int(query.get("offset", 0))
        if not 1 <= size <= 100:
            return _error(400, "rest_invalid_param", "Invalid parameter(s): per_page")
        chosen = [post for post in self.posts[kind].values() if self._is_meant(post, query)]
        order = _ORDERS[query.get("orderby", "date")]
        chosen.sort(key=lambda post: post[order] or 0, reverse=query.get("order", "desc") == "desc")
        page = int(query.get("page", 1))
        if page > 1 and (page - 1) * size >= len(chosen):
            return _error(
                400,
                "rest_post_invalid_page_number",
                "The page number requested is larger than the number of pages available.",
            )
        start = offset if "offset" in query else (page - 1) * size
        given = chosen[start : start + size]
        # WordPress counts nothing when nothing is found, however much is in front of it.
        total = len(chosen) if given else 0
        return Page(
            body=json.dumps([_represented(post, query) for post in given]),
            headers={
                "Content-Type": "application/json; charset=UTF-8",
                "X-WP-Total": str(total),
                "X-WP-TotalPages": str(-(-total // size)),
                **self.headers,
            },
        )

    def _is_meant(self, post: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        if post.get("status") != "publish":
            return False
        if "include" in query and str(post.get("id")) not in query["include"].split(","):
            return False
        return all(
            self._wall(post[field]) > self._wall(query[name])
            for name, field in (("after", "date_gmt"), ("modified_after", "modified_gmt"))
            if name in query
        )

    def _wall(self, written: str) -> datetime:
        """Give what the site's clock shows: a field is in UTC, a query says or is local."""
        moment = datetime.fromisoformat(written)
        return moment.astimezone(self._zone).replace(tzinfo=None) if moment.tzinfo else moment


def source(publication: Publication, site: WordPress, **settings: Any) -> Source:
    """Make the source that reads the site."""
    chosen = {"url": site.url, "allow_private": True, **settings}
    return make("blog", Settings.model_validate(chosen), publication)


def _represented(post: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    shown = {name: value for name, value in post.items() if name != "_embedded"}
    if "_embed" in query:
        shown["_embedded"] = {
            relation: embedded
            for relation, embedded in post["_embedded"].items()
            if relation in query["_embed"].split(",")
        }
    # Times are without a zone in the API.
    for name in ("date_gmt", "modified_gmt"):
        if isinstance(shown.get(name), str):
            shown[name] = shown[name].removesuffix("+00:00")
    if "_fields" not in query:
        return shown
    picked: dict[str, Any] = {}
    for field in query["_fields"].split(","):
        name, _, inner = field.partition(".")
        if name in shown:
            inside = shown[name]
            if inner and isinstance(inside, dict):
                inside = {inner: inside[inner]} if inner in inside else {}
            picked[name] = inside
    return picked


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _basic(username: str, password: str) -> str:
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"


def _no_route(_: Asked) -> Page:
    return _error(404, "rest_no_route", "No route was found matching the URL and request method.")


def _error(status: int, code: str, message: str) -> Page:
    body = {"code": code, "message": message, "data": {"status": status}}
    return Page(status=status, body=json.dumps(body), headers={"Content-Type": "application/json"})
