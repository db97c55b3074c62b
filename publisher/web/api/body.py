"""A request's body: its bytes, or plain data if it is JSON that means the same to everybody.

RFC 8259 leaves open what a program makes of two members of one name, of half a surrogate pair
or of a number without bounds; I-JSON (RFC 7493) does not, and nothing else is read here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NoReturn

from starlette.requests import Request

from publisher.web.api.problem import Problem

# Some times what the longest article needs. A parser holds up everybody else while it makes
# millions of empty lists.
_MOST_PARTS = 10_000
_MOST_DIGITS = 20
_PART = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{,:]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a body may be. ``beyond`` is a sentence on what takes a larger one."""

    name: str
    media_type: str
    most: int
    beyond: str = ""

    @property
    def limit(self) -> str:
        """How large it may be, for people."""
        megabytes = self.most // 1024**2
        return f"{megabytes} MB" if megabytes else f"{self.most // 1024} KB"


JSON = Kind(name="JSON", media_type="application/json", most=64 * 1024)
ARTICLE = replace(JSON, most=10 * 1024 * 1024)
CSV = Kind(
    name="CSV",
    media_type="text/csv",
    most=5 * 1024 * 1024,
    beyond="Send it in parts, each with the names of the columns, or use the command.",
)


async def read(request: Request, kind: Kind = JSON) -> bytes:
    """Read the body of a request that says that it is of a kind. Raises Problem."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != kind.media_type:
        # RFC 9110 §15.5.16: with what would do instead.
        raise Problem(
            415,
            f"The body must be {kind.name}: send the header Content-Type: {kind.media_type}.",
            headers={"Accept": kind.media_type},
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(
            415,
            "The body must not be compressed.",
            headers={"Accept-Encoding": "identity"},
        )
    return await _whole_body(request, kind)


async def _whole_body(request: Request, kind: Kind) -> bytes:
    # The router's own limit answers in plain text.
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > kind.most:
            larger = f"The body must not be larger than {kind.limit}. {kind.beyond}"
            raise Problem(413, larger.rstrip())
        pieces.append(piece)
    return b"".join(pieces)


def parse(data: bytes) -> Any:
    """Read JSON. Raises Problem."""
    try:
        text = data.decode()
        if sum(1 for _ in islice(_PART.finditer(text), _MOST_PARTS + 1)) > _MOST_PARTS:
            raise ValueError("it has more parts than any article")
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_int=_whole,
        )
        if _SURROGATE.search(text):
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        reason = f"it is not UTF-8 at byte {error.start + 1}"
    except UnicodeEncodeError:
        reason = "one of its texts holds half of a surrogate pair, which is no character"
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as error:
        reason = str(error)
    else:
        return found
    raise Problem(400, f"The body cannot be read as JSON: {reason}.")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has two members of the name {json.dumps(twice[:100])}")
    return found


def _no_number(written: str) -> NoReturn:
    raise ValueError(f"{written} is no number")


def _whole(written: str) -> int:
    if len(written) > _MOST_DIGITS:
        raise ValueError(f"a number has more than {_MOST_DIGITS} digits")
    return int(written)
