"""Asking a site's JSON API: its answers become data, or a SourceError that an admin can act on.

For the kinds `wordpress` and `ghost`; what such a site says is their business. Neither the
query of a URL nor the site's secret is ever in a message: a key may stand in the one, and a
server may repeat the other.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, SecretStr

from publisher.content.characters import clean_line
from publisher.content.dates import read_date
from publisher.content.fields import is_web_url
from publisher.errors import FetchError, SourceError
from publisher.fetch import Answer, Fetcher
from publisher.sources._answers import failed, require_good

_REFUSALS = (401, 403)
_QUOTED_CHARACTERS = 200
# In one pass: a million posts are read with fewer, and a list without end comes to one.
_MOST_REQUESTS = 100_000
# How MySQL's empty date looks from outside: as it is, and as PHP reckons it.
_NO_DATE = re.compile(r"0000-|-")


class TooLarge(SourceError):
    """The answer is larger than is put up with: less may be asked for at a time, if possible."""


class JsonApi:
    """A site's API for one source during one pass.

    ``refusal`` says what to do about a 401 or 403. ``secret`` is what must be in no message.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        name: str,
        now: datetime,
        refusal: str,
        headers: Mapping[str, str],
        secret: SecretStr | None,
    ) -> None:
        self._fetcher = fetcher
        self._name = name
        self._now = now
        self._refusal = refusal
        self._headers = dict(headers)
        self._secret = secret
        self._requests = 0

    async def get(self, url: str) -> Any:
        """Fetch data. Raises SourceError for anything but a good answer."""
        return await self.read(await self.ask(url))

    async def ask(self, url: str) -> Answer:
        """Fetch a page of whatever status. Raises SourceError, TooLarge for one, without one."""
        self._requests += 1
        if self._requests > _MOST_REQUESTS:
            raise self.fault(f"its posts come to no end within {_MOST_REQUESTS:,} requests")
        try:
            return await self._fetcher.get(url, self._headers)
        except FetchError as error:
            kind = TooLarge if error.is_too_large else SourceError
            # What lies below the error may hold the URL with its query.
            raise kind(self._hush(str(failed(self._name, error)))) from None

    async def read(self, answer: Answer) -> Any:
        """Give the data of a good answer. Raises SourceError for any other."""
        words = "" if answer.is_good else await self._words(answer)
        if answer.status in _REFUSALS:
            raise self.fault(f"{answer.place} answers {answer.status}; {self._refusal}{words}")
        try:
            require_good(answer, name=self._name, now=self._now)
        except SourceError as error:
            raise SourceError(
                self._hush(f"{error}{words}"), rest=error.rest, is_final=error.is_final
            ) from None
        try:
            return await parse(answer)
        except ValueError:
            raise self.fault(
                f"{answer.place} answers with something that is no JSON;"
                " see whether the url is right, and whether something stands before the site"
            ) from None

    def fault(self, reason: str) -> SourceError:
        """Make the error that ends the pass."""
        return SourceError(self._hush(f'source "{self._name}": {reason}'))

    async def _words(self, answer: Answer) -> str:
        """Give what the server itself says is wrong, to follow a sentence."""
        try:
            data = await parse(answer)
        except ValueError:
            return ""
        match data:
            case {"message": str(said)} | {"errors": [{"message": str(said)}, *_]}:
                # Cut only afterwards: half a secret would not be found.
                return f' (it says "{self._hush(clean_line(said))[:_QUOTED_CHARACTERS]}")'
        return ""

    def _hush(self, text: str) -> str:
        return text.replace(self._secret.get_secret_value(), "***") if self._secret else text


async def parse(answer: Answer) -> Any:
    """Read the body as JSON. Raises ValueError, without a sentence, if it is none."""
    try:
        # In a thread: some megabytes take their time.
        return await asyncio.to_thread(json.loads, answer.body)
    except RecursionError as error:
        raise ValueError("too deep") from error


# --- settings ---------------------------------------------------------------------------


def _site_url(value: str) -> str:
    if not is_web_url(value) or re.search(r"[?#@]", value):
        # Not shown, since it may hold a password.
        raise ValueError(
            "is not usable; write the site's address, such as https://example.org, without user,"
            " query and fragment"
        )
    return value.rstrip("/")


SiteUrl = Annotated[str, AfterValidator(_site_url)]

# --- values; each ValueError is a sentence for the editor ---------------------------------


def text_at(data: Mapping[str, Any], *path: str) -> str:
    """Give the text at a path of names; "" where there is none. Raises ValueError."""
    value: Any = data
    for depth, name in enumerate(path):
        if not isinstance(value, Mapping):
            raise ValueError(f'its "{".".join(path[:depth])}" holds no "{name}"')
        value = value.get(name)
        if value is None:
            return ""
    if not isinstance(value, str):
        raise ValueError(f'its "{".".join(path)}" is no text')
    return value


def moment_at(data: Mapping[str, Any], name: str) -> datetime | None:
    """Give a time, which is in UTC unless it says otherwise; None if empty. Raises ValueError."""
    written = text_at(data, name)
    if not written or _NO_DATE.match(written):
        return None
    try:
        return read_date(written, UTC)
    except ValueError as error:
        raise ValueError(f'its "{name}" is "{written[:40]}", which is no date') from error


def tables_at(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Give the objects in a list; what has another shape is not there."""
    value = data.get(name)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def web_url(value: object) -> str | None:
    """Give what is an absolute web address; None for anything else."""
    return value if isinstance(value, str) and is_web_url(value) else None
