"""An article file that is handed over by hand, as a program would hand it over."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli import running
from publisher.cli.running import Misuse
from publisher.errors import PublisherError

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.model import Rejection
    from publisher.sources.push import Pushed

_MAX_BYTES = 10 * 1024 * 1024
_NO_SOURCE = """\
the config has no source that takes single articles; add one such as this to it:

[[sources]]
name = "desk"
kind = "push"
token_file = "push.token"

and make its token with: openssl rand -hex 32 > push.token (beside the config file)"""


def source_called(app: App, name: str | None) -> str:
    """Find a source that takes pushes, the only one if no name is given.

    Raises PublisherError when there is none, and Misuse when it is not clear which is meant.
    """
    names = list(app.sources.push_tokens)
    if not names:
        raise PublisherError(_NO_SOURCE)
    if name is not None:
        return running.name_among(name, names, 'source of kind "push"')
    if len(names) > 1:
        raise Misuse(f"several sources take articles; name one with --source: {', '.join(names)}")
    return names[0]


async def push_file(app: App, source: str, file: Path) -> Pushed | Rejection:
    """Take in one article file. Without a guid of its own it goes by the file's name.

    Raises PublisherError when the file cannot be read at all.
    """
    from publisher.content.characters import clean_line
    from publisher.content.files import SUFFIXES, read_manuscript
    from publisher.model import Rejection

    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise PublisherError(
            f"{file} is no article file; those end in {', '.join(sorted(SUFFIXES))}"
        )
    data = _read(file)
    name, stamp = clean_line(file.name), hashlib.sha256(data).hexdigest()
    try:
        manuscript = read_manuscript(suffix, data, app.config.publication.timezone)
    except ValueError as error:
        return Rejection(origin=name, stamp=stamp, reason=str(error))
    if manuscript.is_draft:
        return Rejection(
            origin=name, stamp=stamp, reason="its front matter says that it is a draft"
        )
    told = manuscript.as_told(origin=manuscript.guid or name, stamp=stamp)
    return await app.sources.push(source, told)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise PublisherError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise PublisherError(f"{file} is larger than 10 MB, which is the most that is read")
    return data
