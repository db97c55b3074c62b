"""A folder of article files: Markdown, HTML and plain text, recursively.

Nothing outside the folder is ever read, no file while it is being written, and one bad file
never keeps the others back. What the files mean is `publisher.content.files`' business.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field

from publisher.content.files import READER_VERSION, SUFFIXES, read_manuscript
from publisher.errors import SourceError
from publisher.model import Publication, Rejection, SourceArticle, Unchanged
from publisher.ports import Source

_MAX_BYTES = 10 * 1024 * 1024
# A file that was written to less than this long ago may still be under the pen.
_QUIET_SECONDS = 1.0
# What one pass spends on waiting for such files, all together.
_PATIENCE_SECONDS = 3.0
# Goes with a fault that no stamp shows, such as a permission: looked at again on every pass.
_NO_STAMP = ""


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

    is_complete = True

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

    async def articles(
        self, known: Mapping[str, str]
    ) -> AsyncIterator[SourceArticle | Unchanged | Rejection]:
        """Tell what is in the folder now; see `publisher.ports.Source`."""
        patience = _PATIENCE_SECONDS
        for entry in await asyncio.to_thread(self._scan, known):
            if isinstance(entry, Unchanged):
                yield entry
                continue
            while (wait := self._unrest(entry)) and wait <= patience:
                await self._sleep(wait)
                patience -= wait
                entry = await asyncio.to_thread(_look, self._root, entry.origin, self._zone)
            try:
                if self._unrest(entry):
                    raise _Unsettled
                told = await asyncio.to_thread(_tell, entry, self._zone)
            except _Unsettled:
                if entry.origin in known:
                    yield Unchanged(origin=entry.origin)
                continue
            if told is not None:
                yield told

    def _unrest(self, entry: _Entry) -> float:
        """Say for how many seconds the file must still be left alone; 0 when it is quiet."""
        age = self._now() - entry.modified
        # A time in the future is a wrong clock's, not a sign of work.
        return _QUIET_SECONDS - age if 0 <= age < _QUIET_SECONDS else 0.0

    def _scan(self, known: Mapping[str, str]) -> list[_Entry | Unchanged]:
        """List the folder by path, with what has its known stamp as Unchanged."""
        try:
            os.scandir(self._root).close()
        except OSError as error:
            raise SourceError(
                f'source "{self.name}": the folder {self._root} cannot be read'
                f" ({error.strerror}); set path to a folder that this program may read"
            ) from error
        found: dict[str, _Entry | Unchanged] = {}
        for entry in _walk(self._root, self._zone):
            is_known = entry.stamp != _NO_STAMP and known.get(entry.origin) == entry.stamp
            found[entry.origin] = Unchanged(origin=entry.origin) if is_known else entry
            if entry.is_closed:
                # What was told from in there before has not gone: it stays published.
                below = entry.origin + "/"
                found |= {o: Unchanged(origin=o) for o in known if o.startswith(below)}
        return [found[origin] for origin in sorted(found)]


# --- the files; all of this runs in a thread ----------------------------------------------


class _Unsettled(Exception):
    """The file is being written; it is for the next pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """Something in the folder that has an article's name. ``fault`` says why it is not one.

    ``path`` leads through no link. ``is_closed`` marks a folder that cannot be listed.
    """

    path: Path
    origin: str
    stamp: str = _NO_STAMP
    modified: float = 0.0
    fault: str | None = None
    is_closed: bool = False


def _walk(root: Path, zone: tzinfo) -> Iterator[_Entry]:
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                children = list(listing)
        except FileNotFoundError:
            continue
        except OSError as error:
            origin = folder.relative_to(root).as_posix()
            fault = f"this is a folder that cannot be read ({error.strerror})"
            yield _Entry(path=folder, origin=origin, fault=fault, is_closed=True)
            continue
        for child in children:
            path = Path(child.path)
            if _is_passed_over(child.name):
                continue
            if path.suffix.lower() in SUFFIXES or _is_link_to_folder(path):
                yield _look(root, path.relative_to(root).as_posix(), zone)
            elif child.is_dir(follow_symlinks=False):
                folders.append(path)


def _is_passed_over(name: str) -> bool:
    """Say whether it is hidden, or an editor's backup or lock."""
    return name.startswith((".", "#")) or name.endswith(("~", "#"))


def _is_link_to_folder(path: Path) -> bool:
    try:
        return path.is_symlink() and path.is_dir()
    except OSError:
        return False


def _look(root: Path, origin: str, zone: tzinfo) -> _Entry:
    """Look at a file without opening it."""
    path = root / origin
    entry = _Entry(path=path, origin=origin)
    if not _is_utf8(origin):
        shown = os.fsencode(origin).decode("utf-8", "replace")
        return replace(entry, origin=shown, fault="the name is not UTF-8; rename it")
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve(strict=True)):
            fault = "this is a link that leads out of the folder; put the file itself there"
            return replace(entry, fault=fault)
        status = real.stat()
    except (OSError, RuntimeError) as error:  # a loop of links: RuntimeError until 3.13
        if path.is_symlink():
            return replace(
                entry, fault="this is a link that leads nowhere; put the file itself there"
            )
        return replace(
            entry, fault=f"the file cannot be read ({getattr(error, 'strerror', error)})"
        )
    if wrong := _fault_of_kind(status, is_link=path.is_symlink()):
        return replace(entry, fault=wrong)
    too_large = f"the file is {status.st_size / 1024**2:,.1f} MB large; at most 10 MB are read"
    return _Entry(
        path=real,
        origin=origin,
        stamp=_stamp(status, zone),
        modified=status.st_mtime,
        fault=too_large if status.st_size > _MAX_BYTES else None,
    )


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fault_of_kind(status: os.stat_result, *, is_link: bool) -> str | None:
    if stat.S_ISREG(status.st_mode):
        return None
    if stat.S_ISDIR(status.st_mode):
        if is_link:
            return (
                "this is a link to a folder; those are not followed, so put the folder itself there"
            )
        return "this is a folder with the name of an article; rename it"
    return "this is no regular file but a pipe, socket or device"


def _stamp(status: os.stat_result, zone: tzinfo) -> str:
    """Make what changes whenever the file, or the way it is read, does."""
    basis = f"{status.st_mtime_ns} {status.st_size} {zone} {READER_VERSION}"
    return hashlib.sha256(basis.encode()).hexdigest()[:32]


def _tell(entry: _Entry, zone: tzinfo) -> SourceArticle | Rejection | None:
    """Read one file; None for a draft or one that has gone. Raises _Unsettled."""
    stamp = entry.stamp
    if entry.fault is None:
        try:
            return _read_article(entry, zone)
        except FileNotFoundError:
            return None
        except OSError as error:
            stamp, reason = _NO_STAMP, f"the file cannot be read ({error.strerror})"
        except ValueError as error:
            reason = str(error)
    else:
        reason = entry.fault
    return Rejection(origin=entry.origin, stamp=stamp, reason=reason)


def _read_article(entry: _Entry, zone: tzinfo) -> SourceArticle | None:
    suffix = PurePosixPath(entry.origin).suffix.lower()
    manuscript = read_manuscript(suffix, _read(entry, zone), zone)
    if manuscript.is_draft:
        return None
    return SourceArticle(
        guid=manuscript.guid or entry.origin,
        origin=entry.origin,
        stamp=entry.stamp,
        title=manuscript.title or "",
        html=manuscript.html,
        summary=manuscript.summary or "",
        url=manuscript.url,
        base=manuscript.base,
        slug=manuscript.slug,
        authors=manuscript.authors,
        contributors=manuscript.contributors,
        tags=manuscript.tags,
        section=manuscript.section,
        published=manuscript.published,
        updated=manuscript.updated,
        language=manuscript.language,
        image=manuscript.image,
        enclosures=manuscript.enclosures,
    )


def _read(entry: _Entry, zone: tzinfo) -> bytes:
    # No link may have taken the file's place since it was looked at, nor a pipe that blocks.
    descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_MAX_BYTES + 1)
        if _stamp(os.fstat(descriptor), zone) != entry.stamp:
            raise _Unsettled
    return data
