"""A request's body, from bytes to plain data: JSON that means the same to everybody, or a Problem.

RFC 8259 leaves open what a program makes of two members of one name, of half a surrogate pair
or of a number without bounds; I-JSON (RFC 7493) does not, and nothing else is read here.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any, NoReturn

from starlette.requests import Request

from publisher.web.api.problem import Problem

ARTICLE_BYTES = 10 * 1024 * 1024
# Some times what the longest article needs. A parser holds up everybody else while it makes
# millions of empty lists.
_MOST_PARTS = 10_000
_MOST_DIGITS = 20
_PART = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{,:]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


async def read(request: Request, most: int = ARTICLE_BYTES) -> bytes:
    """Read the body of a request that says that it is JSON. Raises Problem."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        # RFC 9110 §15.5.16: with what would do instead.
        raise Problem(
            415,
            "The body must be JSON: send the header Content-Type: application/json.",
            headers={"Accept": "application/json"},
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(
            415,
            "The body must not be compressed.",
            headers={"Accept-Encoding": "identity"},
        )
    return await _whole_body(request, most)


async def _whole_body(request: Request, most: int) -> bytes:
    # The router's own limit answers in plain text.
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise Problem(413, f"The body must not be larger than {_size(most)}.")
        pieces.append(piece)
    return b"".join(pieces)


def _size(most: int) -> str:
    megabytes = most // 1024**2
    return f"{megabytes} MB" if megabytes else f"{most // 1024} KB"


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
