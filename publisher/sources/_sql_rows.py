"""What the rows of a query mean: articles, or sentences that say what is wrong with them.

Part of the kind "sql"; what single values mean is `publisher.sources._sql_values`' business.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, TypeVar

from publisher.content.characters import clean_line
from publisher.content.fields import is_language, is_web_url
from publisher.content.files import READER_VERSION
from publisher.content.markdown import read_markdown
from publisher.content.plain import paragraphs
from publisher.model import Rejection, SourceArticle
from publisher.sources._sql_values import (
    read_decision,
    read_guid,
    read_line,
    read_moment,
    read_people,
    read_place,
    read_text,
    read_words,
    steady,
)

BODIES = ("html", "markdown", "text")
_NEEDED = ("guid", "title")
_OTHERS = ("summary", "url", "slug", "authors", "contributors", "tags", "section")
_LATER = ("published", "updated", "language", "image", "weight", "pinned")
FIELDS = (*_NEEDED, *BODIES, *_OTHERS, *_LATER)

_MAX_GUID_CHARACTERS = 1_000
_MAX_TITLE_CHARACTERS = 300
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row and the values of our fields. ``fault`` says why it is no article of its own."""

    origin: str
    stamp: str
    values: Mapping[str, Any]
    fault: str | None = None


def no_such_column(wanted: str, names: Sequence[str]) -> str:
    """Say that a column is not there, which ones are, and which may be meant."""
    shown = ", ".join(names[:50]) or "none"
    by_key = {name.casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(wanted.casefold(), by_key, n=1)
    hint = f"; did you mean {by_key[near[0]]}?" if near else ""
    return f'the query gives no column "{wanted}"; it gives {shown}{hint}'


class RowReader:
    """Reads the rows of one pass.

    ``columns`` maps our fields to the names of columns; a field that is not in there takes the
    column of its own name, if there is one. ``names`` are the columns of the query, in order.
    Raises ValueError with a sentence when those will not do.
    """

    def __init__(self, columns: Mapping[str, str], names: Sequence[str], zone: tzinfo) -> None:
        self._names = _settle(columns, names)
        self._places = {field: names.index(name) for field, name in self._names.items()}
        self._zone = zone
        self._basis = f"{READER_VERSION} {zone} {list(self._names)}"
        # What was met where, as hashes of 8 bytes: a query may give more rows than fit into
        # memory.
        self._met: dict[int, int] = {}

    def look(self, rows: Sequence[Sequence[Any]]) -> list[Row]:
        """Give each row its place and its stamp; those that only repeat another are left out."""
        return [row for row in map(self._placed, map(self._row, rows)) if row is not None]

    def tell(self, row: Row) -> SourceArticle | Rejection:
        """Make a row an article, or say what is wrong with it."""
        reason = row.fault
        if reason is None:
            try:
                return self._article(row)
            except ValueError as error:
                reason = str(error)
        return Rejection(origin=row.origin, stamp=row.stamp, reason=reason)

    def _row(self, written: Sequence[Any]) -> Row:
        values = {field: steady(written[place]) for field, place in self._places.items()}
        basis = f"{self._basis} {list(values.values())!r}"
        stamp = hashlib.sha256(basis.encode("utf-8", "backslashreplace")).hexdigest()[:32]
        row = Row(origin=f"row without guid #{stamp[:8]}", stamp=stamp, values=values)
        try:
            guid = self._read(row, "guid", read_guid)
            if guid is None:
                raise ValueError(f"{self._named('guid')} is empty")
            if len(guid) > _MAX_GUID_CHARACTERS:
                raise ValueError(
                    f"{self._named('guid')} holds {len(guid):,} characters;"
                    f" at most {_MAX_GUID_CHARACTERS:,} are an identity"
                )
        except ValueError as error:
            # A number of the row's would be another one after the next change to the table.
            return replace(row, fault=f"{error}; every article needs a guid of its own")
        return replace(row, origin=guid)

    def _placed(self, row: Row) -> Row | None:
        """Find where a row stands: where none that says something else does. None: it repeats."""
        place, stamp = _hash(row.origin), _hash(row.stamp)
        if place not in self._met:
            self._met[place] = stamp
            return row
        if self._met[place] == stamp:
            return None
        double = f'another row has the guid "{row.origin}", too; let the query give it once'
        fault = row.fault or double
        return self._placed(replace(row, origin=f"{row.origin} #{row.stamp[:8]}", fault=fault))

    def _article(self, row: Row) -> SourceArticle:
        title = self._read(row, "title", read_line) or ""
        if len(title) > _MAX_TITLE_CHARACTERS:
            raise ValueError(
                f"{self._named('title')} holds {len(title):,} characters;"
                f" at most {_MAX_TITLE_CHARACTERS} are a title"
            )
        title, html = self._body(row, title)
        url = self._read(row, "url", read_line)
        if url is not None and not is_web_url(url):
            raise ValueError(
                f'{self._named("url")} holds "{url[:60]}", which is no whole web address;'
                " put https:// and the host in front of it in the query"
            )
        if not html.strip() and url is None:
            raise ValueError("it has neither a text nor a url")
        slug = self._read(row, "slug", read_line)
        if slug is not None and not _SLUG.fullmatch(slug):
            raise ValueError(
                f'{self._named("slug")} holds "{slug[:60]}", which is no slug; slugs are small'
                " letters a-z, digits and hyphens, as in my-slug"
            )
        language = (self._read(row, "language", read_line) or "").replace("_", "-") or None
        if language is not None and not is_language(language):
            raise ValueError(
                f'{self._named("language")} holds "{language[:60]}", which is no language tag,'
                " such as en, zh or pt-BR"
            )
        return SourceArticle(
            guid=row.origin,
            origin=row.origin,
            stamp=row.stamp,
            title=title,
            html=html,
            summary=self._read(row, "summary", read_line) or "",
            url=url,
            slug=slug,
            authors=self._read(row, "authors", read_people),
            contributors=self._read(row, "contributors", read_people),
            tags=self._read(row, "tags", read_words),
            section=self._read(row, "section", read_line),
            published=self._read(row, "published", lambda value: read_moment(value, self._zone)),
            updated=self._read(row, "updated", lambda value: read_moment(value, self._zone)),
            language=language,
            image=self._read(row, "image", read_line),
            weight=self._read(row, "weight", read_place),
            pinned=self._read(row, "pinned", read_decision),
        )

    def _body(self, row: Row, title: str) -> tuple[str, str]:
        """Give the title, which a Markdown text may have within, and the HTML."""
        field = next(body for body in BODIES if body in self._names)
        text = self._read(row, field, read_text)
        if field == "html":
            return title, text
        if field == "text":
            return title, _paragraphs(text)
        # A front matter of ours: what looks like one in the text is text, and a first heading
        # that only repeats the title is left out.
        front = f"title: {json.dumps(title, ensure_ascii=False)}\n" if title else ""
        try:
            manuscript = read_markdown(f"---\n{front}---\n{text}", self._zone)
        except ValueError as error:
            raise ValueError(f"{self._named(field)} cannot be read: {error}") from error
        return manuscript.title or "", manuscript.html

    def _read(self, row: Row, field: str, reader: Callable[[Any], _T]) -> _T:
        try:
            return reader(row.values.get(field))
        except ValueError as error:
            raise ValueError(f"{self._named(field)} {error}") from error

    def _named(self, field: str) -> str:
        return f'the column "{self._names[field]}"'


def _settle(columns: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Choose the column of each field that has one."""
    bodies = [field for field in BODIES if field in columns]
    if not bodies:
        bodies = [field for field in BODIES if field in names]
        if len(bodies) > 1:
            both = " and ".join(f'"{field}"' for field in bodies)
            raise ValueError(
                f"the query gives {both}; say which one is the text of the articles,"
                f' as in columns.{bodies[0]} = "{bodies[0]}"'
            )
        if not bodies:
            raise ValueError(
                f"{no_such_column('html', names)}; name the column with the text of the articles"
                " as columns.html, columns.markdown or columns.text"
            )
    chosen = {}
    for field in FIELDS:
        if field in BODIES and field not in bodies:
            continue
        name = columns.get(field, field)
        if name in names:
            chosen[field] = name
        elif field in columns:
            raise ValueError(no_such_column(name, names))
        elif field in _NEEDED:
            raise ValueError(f"{no_such_column(name, names)}; name one as columns.{field}")
    if twice := next((name for name in chosen.values() if names.count(name) > 1), None):
        raise ValueError(f'the query gives two columns "{twice}"; name one of them AS another')
    return chosen


def _paragraphs(text: str) -> str:
    """Blank lines part the paragraphs; in a text without any, each line is one."""
    text = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    parting = r"\n\s*\n" if re.search(r"\n\s*\n", text) else r"\n"
    return paragraphs(filter(None, map(clean_line, re.split(parting, text))))


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
