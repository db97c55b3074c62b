"""An article as a program sends it: what it may say, and what that becomes.

The models are what the API's document is made of, so the sentences below the fields are for
those who write such programs.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import datetime, tzinfo
from typing import Annotated, Any, Self
from urllib.parse import quote

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from publisher import model
from publisher.content.characters import clean_characters, clean_line
from publisher.content.dates import read_date
from publisher.content.fields import MOST_WEIGHT, is_web_url
from publisher.content.markdown import read_markdown
from publisher.content.plain import paragraphs
from publisher.web.api.checking import Given, read_body
from publisher.web.api.problem import Fault, Problem

_REFUSAL = "The article cannot be taken in as it is."
_NAME_CHARACTERS = 300
# Percent-encoded as well, as `publisher.ingest` wants it.
_GUID_CHARACTERS = 2000
_LINE = re.compile(r"\S(?:[^\t\r\n]*\S)?")


def _guid(value: str) -> str:
    if clean_characters(value) != value or not _LINE.fullmatch(value):
        raise ValueError("is not one line of text without blanks at its ends")
    if len(quote(value, safe="/")) > _GUID_CHARACTERS:
        raise ValueError("is too long, percent-encoded")
    return value


def is_guid(value: str) -> bool:
    """Say whether an article may have this guid."""
    try:
        return bool(_guid(value)) and len(value) <= _GUID_CHARACTERS
    except ValueError:
        return False


def _web_url(value: str) -> str:
    if not is_web_url(value):
        raise ValueError("is no whole URL that begins with https:// or http://")
    return value


def _moment(value: Any, info: ValidationInfo) -> datetime:
    assert info.context is not None  # noqa: S101 -- `read_article` gives one
    with suppress(ValueError):
        if isinstance(value, str):
            return read_date(value, info.context["zone"])
    raise ValueError("is no date; write it as in 2026-11-23T07:30:00+08:00")


def _name_alone(schema: dict[str, Any]) -> None:
    """Say that a name alone does for a person."""
    table = dict(schema)
    schema.clear()
    name = {"type": "string", "minLength": 1, "maxLength": _NAME_CHARACTERS}
    schema["anyOf"] = [table, name]


_Guid = Annotated[str, Field(min_length=1, max_length=_GUID_CHARACTERS), AfterValidator(_guid)]
_Title = Annotated[str, Field(max_length=_NAME_CHARACTERS)]
_Name = Annotated[str, Field(min_length=1, max_length=_NAME_CHARACTERS)]
_WebUrl = Annotated[
    str, Field(max_length=2000, json_schema_extra={"format": "uri"}), AfterValidator(_web_url)
]
_Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
_Slug = Annotated[str, Field(max_length=80, pattern="^[a-z0-9]+(?:-[a-z0-9]+)*$")]
# RFC 5646 §2.1, in shape.
_Language = Annotated[str, Field(max_length=35, pattern="^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$")]
_MediaType = Annotated[str, Field(max_length=100, pattern="^[A-Za-z0-9.+_-]+/[A-Za-z0-9.+_-]+$")]


class Person(Given):
    """Who wrote an article or had a part in it; the name alone will do."""

    model_config = ConfigDict(json_schema_extra=_name_alone)

    name: _Name
    """As it is printed."""
    email: Annotated[str, Field(max_length=320)] | None = None
    """An address to reach them."""
    url: _WebUrl | None = None
    """A page about them."""

    @model_validator(mode="before")
    @classmethod
    def _of_name(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if not 0 < len(given) <= _NAME_CHARACTERS:
            raise ValueError(f"must have from 1 to {_NAME_CHARACTERS} characters")
        return {"name": given}

    def told(self) -> model.Person:
        """Give the person as articles have them."""
        return model.Person(name=self.name, email=self.email, url=self.url)


class Enclosure(Given):
    """A file that belongs to an article, such as the sound of an episode."""

    url: _WebUrl
    """Where it is."""
    type: _MediaType = "application/octet-stream"
    """Its media type."""
    length: Annotated[int, Field(strict=True, ge=0, lt=10**15)] = 0
    """Its size in bytes; 0 if unknown."""

    def told(self) -> model.Enclosure:
        """Give the file as articles have it."""
        return model.Enclosure(url=self.url, media_type=self.type, length_bytes=self.length)


class Article(Given):
    """An article. It has one of html, markdown and text, or none of them and a url."""

    guid: _Guid
    """What it is known by for ever, unique among all that is pushed with the same token. May be
    left out where it stands in the path.
    """
    title: _Title | None = None
    """Its title; without one, the first heading of its Markdown, or the first words of its text."""
    html: str | None = None
    """Its text as HTML. Scripts, styles and forms are taken out of it."""
    markdown: Annotated[str, Field(max_length=1_000_000)] | None = None
    """Its text as Markdown (CommonMark, with tables and footnotes)."""
    text: str | None = None
    """Its text as plain text; blank lines part the paragraphs, or, without any, line ends."""
    summary: Annotated[str, Field(max_length=10_000)] | None = None
    """What it says in a sentence or two; without one, its first sentences."""
    url: _WebUrl | None = None
    """Its page elsewhere; without one it gets a page here."""
    slug: _Slug | None = None
    """The name of its page here, made from the title if there is none. It never changes."""
    authors: Annotated[list[Person], Field(max_length=100)] = Field(default=[])
    """Who wrote it."""
    contributors: Annotated[list[Person], Field(max_length=100)] = Field(default=[])
    """Who else had a part in it."""
    tags: Annotated[list[_Name], Field(max_length=100)] = Field(default=[])
    """Its tags."""
    section: _Name | None = None
    """Its section."""
    published: _Moment | None = None
    """When it was published, with an offset (RFC 3339), or else by the publication's clock. One
    that is ahead is shown and mailed when its time has come.
    """
    updated: _Moment | None = None
    """When it was last changed, written likewise."""
    language: _Language | None = None
    """Its language, such as en or zh-Hans; without one, the publication's."""
    image: _WebUrl | None = None
    """A picture to show with it."""
    enclosures: Annotated[list[Enclosure], Field(max_length=100)] = Field(default=[])
    """Files that belong to it."""
    weight: Annotated[int, Field(strict=True, ge=-MOST_WEIGHT, le=MOST_WEIGHT)] = 0
    """Its place in issues: higher ones come first."""
    pinned: Annotated[bool, Field(strict=True)] = False
    """Whether issues begin with it."""

    @model_validator(mode="after")
    def _has_one_text(self) -> Self:
        texts = {"html": self.html, "markdown": self.markdown, "text": self.text}
        given = [name for name, text in texts.items() if text is not None]
        if len(given) > 1:
            raise ValueError(f"has {' and '.join(given)}; send only one of them")
        if self.url is None and not any(text and text.strip() for text in texts.values()):
            raise ValueError("has nothing to read: send html, markdown, text, or a url")
        return self


def read_article(found: Any, *, guid: str | None, stamp: str, zone: tzinfo) -> model.SourceArticle:
    """Check what a program sent and make the article of it. Raises Problem.

    ``guid`` is that of the path, None if it has none. Dates without an offset are in ``zone``.
    """
    if guid is not None and isinstance(found, dict) and found.setdefault("guid", guid) != guid:
        raise Problem(
            422, _REFUSAL, faults=[Fault(pointer="#/guid", detail="is not the guid of the path")]
        )
    article = read_body(Article, found, _REFUSAL, {"zone": zone})
    try:
        title, html = _title_and_html(article, zone)
    except ValueError as error:
        fault = Fault(pointer="#/markdown", detail=str(error))
        raise Problem(422, _REFUSAL, faults=[fault]) from None
    return model.SourceArticle(
        guid=article.guid,
        origin=article.guid,
        stamp=stamp,
        title=title,
        html=html,
        summary=article.summary or "",
        url=article.url,
        slug=article.slug,
        authors=tuple(person.told() for person in article.authors),
        contributors=tuple(person.told() for person in article.contributors),
        tags=tuple(article.tags),
        section=article.section,
        published=article.published,
        updated=article.updated,
        language=article.language,
        image=article.image,
        enclosures=tuple(enclosure.told() for enclosure in article.enclosures),
        weight=article.weight,
        pinned=article.pinned,
    )


def _title_and_html(article: Article, zone: tzinfo) -> tuple[str, str]:
    title = clean_line(article.title or "")
    if article.markdown is not None:
        # Behind a front matter of ours the text has none of its own, and a first heading that
        # is the title is not repeated. JSON is YAML, but for the escapes of what is not ASCII.
        head = f"title: {json.dumps(title, ensure_ascii=False)}\n" if title else ""
        manuscript = read_markdown(f"---\n{head}---\n{article.markdown}", zone)
        return manuscript.title or "", manuscript.html
    if article.text is not None:
        parting = r"\n\s*\n" if re.search(r"\n\s*\n", article.text.strip()) else r"\n"
        return title, paragraphs(filter(None, map(str.strip, re.split(parting, article.text))))
    return title, article.html or ""
