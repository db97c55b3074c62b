"""What is sent of bytes that many ask for: each answer made once, with its fields, as ASGI has it.

The answers to a document are its codings, and that the client has it already. Which of them a
request gets is decided here and in `publisher.web.negotiation`, without a look at anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

from starlette.responses import Response
from yarl import URL

from publisher.config.site import Serving
from publisher.model import Coding
from publisher.web.negotiation import Fields, known_tag, welcome

# Readers that are web pages may read what is public, and see what a reader needs to see (Fetch
# §3.2). What `publisher.web.edge` puts on every answer stands here as well: `Lane` is before it.
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Last-Modified, Link, IM, Retry-After",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since, A-IM",
    "Access-Control-Max-Age": "86400",
    "Allow": "GET, HEAD, OPTIONS",
}

_WINDOWS = (b"document", b"iframe", b"frame")
_MOST_WORDINGS = 50
_LONGEST_WORDING = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, its fields and a body, ready to be sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""

    def labelled(self, media_type: str) -> Answer:
        """Give the same under another type."""
        others = [field for field in self.headers if field[0] != b"content-type"]
        return replace(self, headers=[*others, (b"content-type", media_type.encode())])

    def response(self) -> Response:
        """Give it to the framework."""
        response = Response(self.body, self.status)
        response.raw_headers = self.headers
        return response


class Document:
    """Bytes with every answer that they can be sent as.

    ``tag`` is the entity tag of the plain bytes without its quotes; ``modified`` is None where
    no date is told. ``shared`` are the fields that a 304 repeats (RFC 9110 §15.4.5) besides the
    tag, ``told`` those of a whole answer alone. ``shown_as`` is the type that it gets in a
    browser's window (Fetch Metadata, Sec-Fetch-Dest), None for the usual one.
    """

    def __init__(
        self,
        body: bytes,
        packed: Mapping[Coding, bytes],
        *,
        tag: str,
        modified: datetime | None = None,
        shared: Mapping[str, str],
        told: Mapping[str, str],
        shown_as: str | None = None,
    ) -> None:
        self._modified = modified
        self._shown_as = shown_as
        coded: dict[Coding | None, bytes] = {None: body}
        for coding, content in packed.items():
            coded[coding] = content
        # RFC 9110 §8.8.3.3: other coding, other bytes, other strong tag.
        tags = {coding: coded_tag(tag, coding) for coding in coded}
        dated = (
            {} if modified is None else {"Last-Modified": format_datetime(modified, usegmt=True)}
        )
        self._whole = {
            coding: whole(200, content, {"ETag": tags[coding], **told, **dated, **shared}, coding)
            for coding, content in coded.items()
        }
        self._same = {each: answer(304, {"ETag": each, **shared}) for each in tags.values()}
        self._tags = {
            coding: (first, *(each for each in tags.values() if each != first))
            for coding, first in tags.items()
        }
        # The two questions that nearly everybody asks, in the words that nearly everybody uses.
        self._by_tag = {
            f"{weak}{each}".encode(): same
            for each, same in self._same.items()
            for weak in ("", "W/")
        }
        self._by_coding: dict[bytes | None, Answer] = {None: self._whole[None]}
        self.size_bytes = sum(map(len, coded.values()))

    def whole(self, fields: Fields) -> Answer:
        """Answer with the bytes, in the coding that suits the client."""
        accepted = fields.get(b"accept-encoding")
        found = self._by_coding.get(accepted)
        if found is None:
            found = self._whole[self._coding(fields)]
            if len(self._by_coding) < _MOST_WORDINGS and len(accepted or b"") < _LONGEST_WORDING:
                self._by_coding[accepted] = found
        if self._shown_as and fields.get(b"sec-fetch-dest") in _WINDOWS:
            return found.labelled(self._shown_as)
        return found

    def unchanged(self, fields: Fields) -> Answer | None:
        """Answer that the client has it already; None if it has not."""
        named = fields.get(b"if-none-match")
        if named is None and b"if-modified-since" not in fields:
            return None
        if named in self._by_tag:
            return self._by_tag[named]
        known = known_tag(fields, self._tags[self._coding(fields)], self._modified)
        return None if known is None else self._same[known]

    def _coding(self, fields: Fields) -> Coding | None:
        """Choose among the codings that the client likes best the one with the fewest bytes."""
        liked = [
            each for each in welcome(fields.get(b"accept-encoding", b"")) if each in self._tags
        ]
        return min(liked, key=lambda coding: len(self._whole[coding].body), default=None)


def coded_tag(tag: str, coding: Coding | None) -> str:
    """Give the entity tag, in its quotes, of a document's bytes in a coding."""
    return f'"{tag}"' if coding is None else f'"{tag}-{coding.value}"'


def plain_tag(quoted: str) -> str:
    """Give what a tag has in common with those of the other codings, without the quotes."""
    tag = quoted.strip('"')
    for coding in Coding:
        tag = tag.removesuffix(f"-{coding.value}")
    return tag


def cache_control(serving: Serving) -> str:
    """Say how long a feed may be kept, by the config (RFC 9111 §5.2, RFC 5861 §3)."""
    field = f"public, max-age={_seconds(serving.max_age)}"
    if serving.stale_while_revalidate:
        field += f", stale-while-revalidate={_seconds(serving.stale_while_revalidate)}"
    return field


def preflight() -> Answer:
    """Answer a browser that asks whether a page from elsewhere may ask (Fetch §4.8)."""
    return answer(204, _PREFLIGHT)


def plain_text(status: int, words: str, retry_seconds: int) -> Answer:
    """Ask a client, or whoever sits before it, to come back later."""
    fields = {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "no-store",
        "Retry-After": str(retry_seconds),
        **OPEN,
    }
    return whole(status, words.encode(), fields)


def whole(
    status: int, body: bytes, fields: Mapping[str, str], coding: Coding | None = None
) -> Answer:
    """Make an answer with a body, which may be packed."""
    packed = {} if coding is None else {"Content-Encoding": coding.value}
    return answer(status, {"Content-Length": str(len(body)), **packed, **fields}, body)


def answer(status: int, fields: Mapping[str, str], body: bytes = b"") -> Answer:
    """Make an answer of readable fields."""
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()]
    return Answer(status, headers, body)


def uri(address: str) -> str:
    """Write an address as a header field can hold it: without letters beyond ASCII (RFC 3987)."""
    return str(URL(address))


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
