"""Following a site that lists its posts with the times at which they changed.

A pass asks for what has changed since the newest that was seen. Once a day it asks for all
there is: so it notices what was withdrawn, and what came with an old date. Both list ids and
times only, and the post itself is asked for where its stamp is not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from publisher.model import Rejection, SourceArticle, Unchanged
from publisher.ports import Telling, Visit
from publisher.sources._api import TooLarge

_SWEEP_EVERY = timedelta(days=1)
# After a sweep that may have missed something, and so could withdraw nothing.
_SWEEP_AGAIN = timedelta(hours=1)
# Asked for again each time, and passed over by stamp: what was saved in the same second as the
# newest, or while the list was read, and at a site that compares wall clocks, such as
# WordPress, the hour that comes twice in autumn.
_OVERLAP = timedelta(hours=2)
# Posts with their texts in one answer.
_BATCH = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a list: a post's id, and a stamp of when it changed.

    ``newest`` is the latest of its times, None if it tells none. ``fault`` says why what
    stands there cannot be asked for.
    """

    id: str
    origin: str
    stamp: str
    newest: datetime | None = None
    fault: str | None = None


class Posts(Protocol):
    """A site's posts during one pass. Both methods raise SourceError.

    ``scope`` changes whenever other posts are meant, or they would be read differently.
    ``is_whole`` is False once the list may have missed something.
    """

    scope: str
    is_whole: bool

    def lines(self, since: datetime | None) -> AsyncGenerator[Sequence[Line], None]:
        """List by pages what changed after an instant, or all there is; no line twice."""
        ...

    async def read(self, lines: Sequence[Line]) -> Mapping[str, SourceArticle | Rejection | None]:
        """Map origins to what stands there: None is passed over, what is missing has gone.

        Raises TooLarge, a SourceError, when fewer must be asked for.
        """
        ...


async def follow(visit: Visit, posts: Posts) -> Telling:
    """Tell what has changed, and all there is when that is due; see `publisher.ports.Source`."""
    memory = visit.memory if visit.memory.get("scope") == posts.scope else {}
    newest = _instant(memory, "newest", _EPOCH)
    sweep = _instant(memory, "sweep", visit.now)
    # A time too far ahead was written by a clock that went wrong.
    is_sweep = not visit.now < sweep <= visit.now + _SWEEP_EVERY
    is_whole = True
    async with aclosing(posts.lines(None if is_sweep else newest - _OVERLAP)) as pages:
        async for lines in pages:
            known = await visit.known([line.origin for line in lines])
            for start in range(0, len(lines), _BATCH):
                batch = lines[start : start + _BATCH]
                fresh = (line for line in batch if known.get(line.origin) != line.stamp)
                asked = [line for line in fresh if line.fault is None]
                read = await _read(posts, asked) if asked else {}
                is_whole = is_whole and len(read) == len(asked)
                for line in batch:
                    if known.get(line.origin) == line.stamp:
                        yield Unchanged(origin=line.origin)
                    elif line.fault is not None:
                        yield Rejection(origin=line.origin, stamp=line.stamp, reason=line.fault)
                    elif told := read.get(line.origin):
                        yield told
            # Times in the future must not hide what is saved until then.
            seen = [min(line.newest, visit.now) for line in lines if line.newest]
            newest = max([newest, *seen])
    is_whole = is_whole and posts.is_whole
    visit.tells_all = is_sweep and is_whole
    visit.is_increment = not visit.tells_all
    if is_sweep:
        sweep = visit.now + (_SWEEP_EVERY if is_whole else _SWEEP_AGAIN)
    visit.memory.update(scope=posts.scope, newest=newest.isoformat(), sweep=sweep.isoformat())


def stamp(version: int, id_: str, changed: object, pinned: object) -> str:
    """Make what changes whenever the post, or the way it is read, does.

    A site may pin a post without touching its time of change.
    """
    written = changed if isinstance(changed, str) else ""
    basis = (version, id_, written, pinned is True)
    return hashlib.sha256(repr(basis).encode()).hexdigest()[:32]


async def _read(posts: Posts, lines: Sequence[Line]) -> dict[str, SourceArticle | Rejection | None]:
    """Read posts, fewer at a time where they are too large together."""
    try:
        return dict(await posts.read(lines))
    except TooLarge:
        if len(lines) == 1:
            reason = "it is larger than what is taken from a site at a time"
            origin = lines[0].origin
            return {origin: Rejection(origin=origin, stamp=lines[0].stamp, reason=reason)}
    half = len(lines) // 2
    return await _read(posts, lines[:half]) | await _read(posts, lines[half:])


def _instant(memory: Mapping[str, Any], name: str, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(memory[name]) if name in memory else otherwise
