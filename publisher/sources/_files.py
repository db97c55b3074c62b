"""The files of a folder of articles: found, looked at and read. All of it for a thread.

Nothing outside the folder is ever read: no link is followed that leads out of it, nor one to
a folder, and what is opened is looked at once more.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from publisher.content.files import READER_VERSION, SUFFIXES, read_manuscript
from publisher.model import Rejection, SourceArticle

_MAX_BYTES = 10 * 1024 * 1024
# What is read at a time: so many files, of no more bytes than the largest may have.
_TOGETHER = 50
_TOGETHER_BYTES = _MAX_BYTES
# Goes with a fault that no stamp shows, such as a permission: looked at again on every pass.
NO_STAMP = ""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """The file is being written; it is for the next pass."""


# What reading a file gives; None for a draft or a file that has gone.
Read: TypeAlias = SourceArticle | Rejection | Unsettled | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something in the folder that has an article's name. ``fault`` says why it is not one.

    ``path`` leads through no link. ``is_closed`` marks a folder that cannot be listed.
    """

    path: Path
    origin: str
    stamp: str = NO_STAMP
    modified: float = 0.0
    size_bytes: int = 0
    fault: str | None = None
    is_closed: bool = False


def walk(root: Path, zone: tzinfo) -> Iterator[Entry]:
    """Find what has an article's name, in the order of the paths.

    Of a folder only the names are held, and only while it is walked.
    """
    # Each level is walked from its end, so that what is dealt with can be dropped.
    levels = [_children(root, root)]
    while levels:
        if not levels[-1]:
            levels.pop()
            continue
        child = levels[-1].pop()
        if isinstance(child, Entry):
            yield child
        elif child.endswith("/"):
            levels.append(_children(root, root / child))
        else:
            yield look(root, child, zone)


def _children(root: Path, folder: Path) -> list[str | Entry]:
    """List what is in a folder, last first: files and folders by path, folders end in a slash."""
    try:
        with os.scandir(folder) as listing:
            names = [name for child in listing if (name := _of_interest(child))]
    except FileNotFoundError:
        return []
    except OSError as error:
        fault = f"this is a folder that cannot be read ({error.strerror})"
        origin = folder.relative_to(root).as_posix()
        return [Entry(path=folder, origin=origin, fault=fault, is_closed=True)]
    within = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
    return [within + name for name in sorted(names, reverse=True)]


def _of_interest(child: os.DirEntry[str]) -> str | None:
    """Give the name of a folder, or of what has an article's name; None for anything else."""
    path = Path(child.path)
    if is_passed_over(child.name):
        return None
    if path.suffix.lower() in SUFFIXES or _is_link_to_folder(path):
        return child.name
    return f"{child.name}/" if child.is_dir(follow_symlinks=False) else None


def is_passed_over(name: str) -> bool:
    """Say whether it is hidden, or an editor's backup or lock."""
    return name.startswith((".", "#")) or name.endswith(("~", "#"))


def _is_link_to_folder(path: Path) -> bool:
    try:
        return path.is_symlink() and path.is_dir()
    except OSError:
        return False


def look(root: Path, origin: str, zone: tzinfo) -> Entry:
    """Look at a file without opening it."""
    path = root / origin
    entry = Entry(path=path, origin=origin)
    if not _is_utf8(origin):
        shown = os.fsencode(origin).decode("utf-8", "replace")
        return replace(entry, origin=shown, fault="the name is not UTF-8; rename it")
    try:
        status = path.lstat()
        is_link = stat.S_ISLNK(status.st_mode)
        if is_link:
            if not _is_within(path, root):
                fault = "this is a link that leads out of the folder; put the file itself there"
                return replace(entry, fault=fault)
            path = path.resolve(strict=True)
            status = path.stat()
    except (OSError, RuntimeError) as error:  # a loop of links: RuntimeError until 3.13
        if path.is_symlink():
            return replace(
                entry, fault="this is a link that leads nowhere; put the file itself there"
            )
        return replace(
            entry, fault=f"the file cannot be read ({getattr(error, 'strerror', error)})"
        )
    if wrong := _fault_of_kind(status, is_link=is_link):
        return replace(entry, fault=wrong)
    too_large = f"the file is {status.st_size / 1024**2:,.1f} MB large; at most 10 MB are read"
    return Entry(
        path=path,
        origin=origin,
        stamp=_stamp(status, zone),
        modified=status.st_mtime,
        size_bytes=status.st_size,
        fault=too_large if status.st_size > _MAX_BYTES else None,
    )


def _is_within(path: Path, root: Path) -> bool:
    return path.resolve(strict=True).is_relative_to(root.resolve(strict=True))


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


def tell_together(entries: Sequence[Entry], root: Path, zone: tzinfo) -> dict[str, Read]:
    """Read the first of these files, and as many more as are read at a time, by origin."""
    read: dict[str, Read] = {}
    left_bytes = _TOGETHER_BYTES
    for entry in entries[:_TOGETHER]:
        left_bytes -= entry.size_bytes
        if read and left_bytes < 0:
            break
        read[entry.origin] = _tell(entry, root, zone)
    return read


class _NotQuiet(Exception):
    """The file changes while it is read."""


def _tell(entry: Entry, root: Path, zone: tzinfo) -> Read:
    stamp = entry.stamp
    if entry.fault is None:
        try:
            return _read_article(entry, root, zone)
        except _NotQuiet:
            return Unsettled()
        except FileNotFoundError:
            return None
        except OSError as error:
            stamp, reason = NO_STAMP, f"the file cannot be read ({error.strerror})"
        except ValueError as error:
            reason = str(error)
    else:
        reason = entry.fault
    return Rejection(origin=entry.origin, stamp=stamp, reason=reason)


def _read_article(entry: Entry, root: Path, zone: tzinfo) -> SourceArticle | None:
    suffix = PurePosixPath(entry.origin).suffix.lower()
    manuscript = read_manuscript(suffix, _read(entry, root, zone), zone)
    if manuscript.is_draft:
        return None
    return manuscript.as_told(origin=entry.origin, stamp=entry.stamp)


def _read(entry: Entry, root: Path, zone: tzinfo) -> bytes:
    # No link may have taken the place of the file or of a folder above it since it was looked
    # at, nor a pipe that blocks.
    descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not _is_within(entry.path, root):
            raise _NotQuiet
        data = file.read(_MAX_BYTES + 1)
        if _stamp(os.fstat(descriptor), zone) != entry.stamp:
            raise _NotQuiet
    return data
