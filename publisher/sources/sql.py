"""A query on a database of the admin's own: PostgreSQL, MySQL, MariaDB or an SQLite file.

Nothing is ever written there: every query runs in a transaction that cannot. Functions with
effects outside of a transaction are the one thing that this does not stop, so that a user who
may do nothing but SELECT is the one to give. Rows are taken as they come, a chunk at a time,
whatever their number.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Protocol, Self, TypeVar, TypeVarTuple

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from publisher.errors import SourceError
from publisher.model import Publication, Unchanged
from publisher.ports import Source, Telling, Visit
from publisher.sources import _sql_databases as databases
from publisher.sources import _sql_query as queries
from publisher.sources._sql_reading import Reading
from publisher.sources._sql_rows import BODIES, RowReader, no_such_column
from publisher.sources._sql_watermark import Progress

# How long one answer may take, be it the first row or the next ones.
_PATIENCE_SECONDS = 60.0

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class _Ask(Protocol):
    """Runs a function with its arguments and waits for what it gives."""

    async def __call__(self, function: Callable[[*_Ts], _T], *args: *_Ts) -> _T: ...


class Columns(BaseModel):
    """Which column of the query holds what."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    guid: _Name | None = Field(
        default=None,
        description="What an article is known by for ever: the primary key, as a rule. No two rows"
        " have the same.",
    )
    title: _Name | None = Field(default=None, description="The title. May be empty in some rows.")
    html: _Name | None = Field(
        default=None,
        description="The text of the article as HTML; or else markdown, or text.",
    )
    markdown: _Name | None = Field(default=None, description="The text as Markdown.")
    text: _Name | None = Field(
        default=None, description="The text without markup; blank lines part its paragraphs."
    )
    summary: _Name | None = Field(default=None, description="A summary, as plain text.")
    url: _Name | None = Field(
        default=None, description="Where the article stands on the web, if it does: a whole URL."
    )
    slug: _Name | None = Field(
        default=None, description="The last part of the address of its page here."
    )
    authors: _Name | None = Field(
        default=None,
        description="Names with commas between them, or a list or JSON list of names, or of objects"
        " with name, email and url.",
    )
    contributors: _Name | None = Field(default=None, description="People, written like authors.")
    tags: _Name | None = Field(
        default=None, description="Tags with commas between them, or a list or JSON list."
    )
    section: _Name | None = Field(default=None, description="The section it is in.")
    published: _Name | None = Field(
        default=None,
        description="When it was published: a time, a text such as 2026-11-23T07:30Z, or seconds or"
        " milliseconds since 1970. What has no zone is in publication.timezone.",
    )
    updated: _Name | None = Field(default=None, description="When it was last changed.")
    language: _Name | None = Field(default=None, description="Its language tag (BCP 47).")
    image: _Name | None = Field(default=None, description="The URL of its image.")
    weight: _Name | None = Field(
        default=None, description="Its place in issues, a whole number: higher ones come first."
    )
    pinned: _Name | None = Field(
        default=None, description="Whether issues begin with it: true or false, or 1 or 0."
    )

    @model_validator(mode="after")
    def _check_body(self) -> Self:
        given = [field for field in BODIES if getattr(self, field)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are both given; an article has one text")
        return self


class Settings(BaseModel):
    """The keys of a source with kind = "sql"."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr | None = Field(
        default=None,
        description="The database: postgresql://USER:PASSWORD@HOST/DATABASE or mysql://... (MariaDB"
        " as well), with a user who may SELECT and nothing else. Signs such as @ and / in a"
        " password are written as %40 and %2F. Either this or file.",
    )
    file: Path | None = Field(
        default=None, description="The database, if it is an SQLite file. Either this or url."
    )
    query: _Name = Field(
        description="One statement, SELECT or WITH, that gives a row for each article that is"
        " published. It is only ever read with. With query_file it can stand in a file of its own."
    )
    columns: Columns = Field(
        default=Columns(),
        description="Which column of the query holds what: guid, title, one of html, markdown and"
        " text; summary, url, slug, authors, contributors, tags, section, published, updated,"
        " language, image, weight, pinned. A column with such a name already need not be given.",
    )
    watermark: _Name | None = Field(
        default=None,
        description="A column that grows whenever a row is added or changed, such as the time of"
        " its last change; best with an index. Only rows from the last one on are then asked for,"
        " and all rows once a day. Without it all rows are asked for each time.",
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            databases.at_url(url.get_secret_value(), _PATIENCE_SECONDS)
        return url

    @field_validator("query")
    @classmethod
    def _check_query(cls, query: str, info: ValidationInfo) -> str:
        url = info.data.get("url")
        is_mysql = url is not None and databases.is_mysql(url.get_secret_value())
        return queries.check(query, is_mysql=is_mysql)

    @model_validator(mode="after")
    def _check_place(self) -> Self:
        if (self.url is None) == (self.file is None):
            raise ValueError('either "url" or "file" says where the database is')
        return self


def make(name: str, settings: Settings, publication: Publication) -> Source:
    """Make the source of one [[sources]] entry."""
    return SqlSource(name, settings, publication)


class SqlSource:
    """Tells the rows of a query in the order of its watermark, or else the database's own.

    A row's origin is its guid. With a watermark, a pass tells all only once a day.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        publication: Publication,
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self.name = name
        self._query = settings.query
        self._columns = settings.columns.model_dump(exclude_none=True)
        self._watermark = settings.watermark
        self._zone = publication.timezone
        self._patience_seconds = patience_seconds
        if settings.url is not None:
            url = settings.url.get_secret_value()
            self._database = databases.at_url(url, patience_seconds)
        else:
            assert settings.file is not None  # noqa: S101 -- Settings saw to it
            self._database = databases.at_file(settings.file)

    async def articles(self, visit: Visit) -> Telling:
        """Tell what the query gives now; see `publisher.ports.Source`."""
        progress = Progress(visit.memory, question=self._question(), now=visit.now, zone=self._zone)
        reading = Reading(self.name, self._database)
        async with self._asking(reading) as ask:
            statement = queries.all_rows(self._query)
            if self._watermark is not None:
                names = await ask(reading.start, queries.no_rows(self._query))
                if self._watermark not in names:
                    raise self._unusable(no_such_column(self._watermark, names))
                statement = queries.rows_since(self._query, self._watermark, progress.since)
            names = await ask(reading.start, statement)
            reader = self._reader(names)
            while rows := await ask(reading.fetch):
                if self._watermark is not None:
                    self._see(progress, [row[names.index(self._watermark)] for row in rows])
                found = await asyncio.to_thread(reader.look, rows)
                known = await visit.known([row.origin for row in found])
                for row in found:
                    if known.get(row.origin) == row.stamp:
                        yield Unchanged(origin=row.origin)
                    else:
                        yield await asyncio.to_thread(reader.tell, row)
        visit.tells_all = progress.since is None
        visit.is_increment = not visit.tells_all
        if self._watermark is not None:
            visit.memory.update(progress.to_memory())

    @asynccontextmanager
    async def _asking(self, reading: Reading) -> AsyncIterator[_Ask]:
        """Give what runs the reading's functions, one after another in a thread of their own.

        One that is not back in time, or that nobody waits for any more, is stopped. The reading
        is closed at the end, whatever ends it.
        """
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sql")
        loop = asyncio.get_running_loop()

        async def ask(function: Callable[[*_Ts], _T], *args: *_Ts) -> _T:
            answer = loop.run_in_executor(thread, function, *args)
            try:
                await asyncio.wait({answer}, timeout=self._patience_seconds)
                if answer.done():
                    return answer.result()
            finally:
                if not answer.done():
                    await asyncio.to_thread(reading.stop)
                    await asyncio.wait({answer})
                    answer.exception()  # that it was stopped is no news
            raise self._unusable(
                f"{self._database.title} gave no answer for {self._patience_seconds:g} seconds;"
                " make the query quicker, perhaps with an index, or ask for less with a watermark"
            )

        try:
            yield ask
        finally:
            try:
                await loop.run_in_executor(thread, reading.close)
            finally:
                thread.shutdown(wait=False)

    def _reader(self, names: Sequence[str]) -> RowReader:
        try:
            return RowReader(self._columns, names, self._zone)
        except ValueError as error:
            raise self._unusable(str(error)) from error

    def _see(self, progress: Progress, values: Sequence[object]) -> None:
        try:
            progress.see(values)
        except ValueError as error:
            raise self._unusable(
                f'the column "{self._watermark}" cannot be a watermark, as it holds neither'
                " times nor numbers nor texts; name another, or none"
            ) from error

    def _question(self) -> str:
        """Give what is another when the marks of the one before mean nothing any more."""
        parts = (self._database.title, self._query, self._watermark, self._columns, self._zone)
        return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]

    def _unusable(self, reason: str) -> SourceError:
        return SourceError(f'source "{self.name}": {reason}')
