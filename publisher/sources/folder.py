"""A folder of article files: Markdown, HTML and plain text, recursively.

Nothing outside the folder is ever read, no file while it is being written, and one bad file
never keeps the others back. What the files mean is `publisher.content.files`' business.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from itertools import islice
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, Field
from watchfiles import Change, awatch

from publisher.errors import SourceError
from publisher.model import Publication, Rejection, SourceArticle, Unchanged, Unseen
from publisher.ports import Source, Telling, Visit
from publisher.sources._files import (
    NO_STAMP,
    Entry,
    Read,
    Unsettled,
    is_passed_over,
    look,
    tell_together,
    walk,
)

log = structlog.get_logger()

# A file that was written to less than this long ago may still be under the pen.
_QUIET_SECONDS = 1.0
# What one pass spends on waiting for such files, all together.
_PATIENCE_SECONDS = 3.0
# How many files are looked at in one go.
_TOGETHER = 500


class Settings(BaseModel):
    """The keys of a source with kind = "folder"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(
        description="The folder that holds the articles: .md, .markdown, .html, .htm and .txt"
        " files, at any depth. Hidden files and editors' backups are passed over."
    )


def make(name: str, settings: Settings, publication: Publication) -> Source:
    """Make the source of one [[sources]] entry."""
    return FolderSource(name, settings, publication)


class FolderSource:
    """Tells a folder's articles in the order of their paths, which are their origins.

    Without one of its own an article's guid is its path in the folder. A file that will not
    stay quiet is told as Unchanged if it was known, else not at all: the next pass has it.
    ``now`` gives seconds since the epoch, as files' times are; ``sleep`` waits for seconds.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        publication: Publication,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = name
        self._root = settings.path
        self._zone = publication.timezone
        self._now = now
        self._sleep = sleep

    async def articles(self, visit: Visit) -> Telling:
        """Tell what is in the folder now; see `publisher.ports.Source`."""
        self._refuse_unreadable()
        patience = _PATIENCE_SECONDS
        found = walk(self._root, self._zone)
        while entries := await asyncio.to_thread(lambda: list(islice(found, _TOGETHER))):
            known = await visit.known([entry.origin for entry in entries])
            read: dict[str, Read] = {}
            for number, entry in enumerate(entries):
                if _is_unchanged(entry, known):
                    yield Unchanged(origin=entry.origin)
                    continue
                while (wait := self._unrest(entry)) and wait <= patience:
                    await self._sleep(wait)
                    patience -= wait
                    entry = await asyncio.to_thread(look, self._root, entry.origin, self._zone)
                if not self._unrest(entry) and entry.origin not in read:
                    ahead = [
                        each
                        for each in islice(entries, number + 1, None)
                        if not _is_unchanged(each, known) and not self._unrest(each)
                    ]
                    read = await asyncio.to_thread(
                        tell_together, [entry, *ahead], self._root, self._zone
                    )
                match read.get(entry.origin, Unsettled()):
                    case Unsettled():
                        if entry.origin in known:
                            yield Unchanged(origin=entry.origin)
                    case SourceArticle() | Rejection() as told:
                        yield told
                if entry.is_closed:
                    # What was told from in there before has not gone: it stays published.
                    yield Unseen(origin=f"{entry.origin}/")
        visit.tells_all = True

    async def changes(self, stop: asyncio.Event) -> AsyncGenerator[None, None]:
        """Yield when files come, change or go; see `publisher.ports.Watched`.

        Where the folder cannot be watched (it is missing, or there are more folders in it than
        the system watches), asking in intervals has to do.
        """
        try:
            async for _ in awatch(self._root, stop_event=stop, watch_filter=_is_of_interest):
                yield
        except (OSError, RuntimeError) as error:
            log.info("folder not watched", source=self.name, reason=str(error))

    def _refuse_unreadable(self) -> None:
        try:
            os.scandir(self._root).close()
        except OSError as error:
            raise SourceError(
                f'source "{self.name}": the folder {self._root} cannot be read'
                f" ({error.strerror}); set path to a folder that this program may read"
            ) from error

    def _unrest(self, entry: Entry) -> float:
        """Say for how many seconds the file must still be left alone; 0 when it is quiet."""
        age = self._now() - entry.modified
        # A time in the future is a wrong clock's, not a sign of work.
        return _QUIET_SECONDS - age if 0 <= age < _QUIET_SECONDS else 0.0


def _is_unchanged(entry: Entry, known: Mapping[str, str]) -> bool:
    return entry.stamp != NO_STAMP and known.get(entry.origin) == entry.stamp


def _is_of_interest(_change: Change, path: str) -> bool:
    """Say whether a change may concern an article: editors' locks and backups do not."""
    return not is_passed_over(Path(path).name)
