"""A folder in the Maildir format, into which a mail server on this machine delivers."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import structlog

from publisher.errors import MailboxError
from publisher.mail.incoming import LIMIT_BYTES
from publisher.mailboxes import Take
from publisher.mailboxes._settings import MaildirSettings

__all__ = ["Maildir", "MaildirSettings"]

log = structlog.get_logger()

_LOOK_SECONDS = 2.0


class Maildir:
    """The mails in its ``new``: `publisher.mailboxes.Kept`."""

    name = "maildir"

    def __init__(self, settings: MaildirSettings) -> None:
        self._settings = settings

    async def follow(self, take: Take, stop: asyncio.Event) -> None:
        """Hand over mails as they come; see `publisher.mailboxes.Mailbox`."""
        if not self._new.is_dir():
            log.warning("no mail was ever delivered there", maildir=str(self._settings.folder))
        while not stop.is_set():
            await self._pass(take, stop)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await stop.wait()

    async def drain(self, take: Take) -> int:
        """Hand over what is there; see `publisher.mailboxes.Kept`."""
        return await self._pass(take, asyncio.Event())

    @property
    def _new(self) -> Path:
        return self._settings.folder / "new"

    async def _pass(self, take: Take, stop: asyncio.Event) -> int:
        taken = 0
        try:
            for file in await asyncio.to_thread(self._waiting):
                if stop.is_set():
                    break
                raw = await asyncio.to_thread(_read, file)
                if raw is None:  # somebody else has moved it
                    continue
                await take(raw, via=self.name)
                await asyncio.to_thread(self._let_go, file)
                taken += 1
        except OSError as error:
            raise MailboxError(
                f"the Maildir {self._settings.folder} cannot be used ({error.strerror}:"
                f" {error.filename}); this program must run as a user who may read and move its"
                " mails"
            ) from error
        return taken

    def _waiting(self) -> list[Path]:
        """List the mails, in the order in which they came; the folder comes with the first."""
        try:
            with os.scandir(self._new) as entries:
                return sorted(
                    Path(each.path) for each in entries if each.is_file() and each.name[0] != "."
                )
        except FileNotFoundError:
            return []

    def _let_go(self, file: Path) -> None:
        if not self._settings.keep:
            file.unlink(missing_ok=True)
            return
        seen = self._settings.folder / "cur" / f"{file.name.partition(':')[0]}:2,S"
        with contextlib.suppress(FileNotFoundError):
            file.rename(seen)


def _read(file: Path) -> bytes | None:
    """Read a mail, of a large one so much that it is known to be."""
    with contextlib.suppress(FileNotFoundError), file.open("rb") as stream:
        return stream.read(LIMIT_BYTES + 1)
    return None
