"""What the page of a preview shows: the mail that was asked for, or why there is none."""

from __future__ import annotations

import asyncio
import enum
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from publisher.app import App, opened
from publisher.app.coming import NOBODY, Read, message, next_rendition, reader
from publisher.config import load
from publisher.errors import ConfigError, PublisherError, TemplateError
from publisher.model import Cadence, Newsletter
from publisher.preview.checking import Checked, checked
from publisher.store import waves

# Lines of a faulty template before and behind the one that is meant.
_AROUND = 3


class Part(enum.StrEnum):
    """What of a mail is shown."""

    HTML = "html"
    TEXT = "text"
    SOURCE = "source"
    FINDINGS = "findings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks to see. An empty word leaves the choice to the newsletter."""

    cadence: str = ""
    language: str = ""
    reader: str = ""
    part: Part = Part.HTML
    is_narrow: bool = False
    is_dark: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Read the query of an address; what it does not know is as if it were not there."""
        part = query.get("part", "")
        return cls(
            cadence=query.get("cadence", ""),
            language=query.get("language", ""),
            reader=query.get("as", "").strip(),
            part=Part(part) if part in set(Part) else Part.HTML,
            is_narrow=query.get("width") == "narrow",
            is_dark=query.get("colours") == "dark",
        )

    def address(self, path: str = "/", **changes: object) -> str:
        """Give the address of the same preview with these changes."""
        other = replace(self, **changes)  # type: ignore[arg-type] # by templates, of our own
        query = {
            "cadence": other.cadence,
            "language": other.language,
            "as": other.reader,
            "part": "" if other.part is Part.HTML else other.part,
            "width": "narrow" if other.is_narrow else "",
            "colours": "dark" if other.is_dark else "",
        }
        told = urlencode({name: value for name, value in query.items() if value})
        return f"{path}?{told}" if told else path


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why there is no mail. ``lines`` are of the template at fault: number, text, is it meant."""

    title: str
    reasons: list[str]
    lines: list[tuple[int, str, bool]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A preview. Without a ``fault`` and without a ``mail`` there is no article.

    ``is_known`` says whether who was asked for reads the newsletter; ``is_again`` that there would
    be no issue now, so that what is shown are the newest articles once more. ``since`` is up to
    when the last issue considered articles.
    """

    newsletter: Newsletter | None = None
    cadence: str = ""
    language: str = ""
    mail: Read | None = None
    is_known: bool = True
    is_again: bool = False
    since: datetime | None = None
    checked: Checked | None = None
    fault: Fault | None = None


async def shown(config_path: Path, slug: str, asked: Asked) -> Shown:
    """Look at a newsletter's next issue. A fault of the admin's is part of what is shown."""
    newsletter: Newsletter | None = None
    try:
        config = await asyncio.to_thread(load, config_path, os.environ)
        newsletter = next((each for each in config.newsletters if each.slug == slug), None)
        if newsletter is None:
            raise PublisherError(f'the config has no newsletter "{slug}" any more')
        async with opened(config, looking=True) as app:
            try:
                return await _looked(app, newsletter, asked)
            except TemplateError as error:
                return Shown(newsletter=newsletter, fault=_fault_of_template(app, error))
    except ConfigError as error:
        return Shown(fault=Fault(title="The config has faults", reasons=error.faults))
    except PublisherError as error:
        fault = Fault(title="There is no mail to show", reasons=[str(error)])
        return Shown(newsletter=newsletter, fault=fault)


async def _looked(app: App, newsletter: Newsletter, asked: Asked) -> Shown:
    one = await reader(app, newsletter, asked.reader or None)
    cadence = _cadence(newsletter, asked.cadence or one.cadence)
    rendition = await next_rendition(app, newsletter, cadence, one, asked.language)
    is_again = rendition is None
    since = None
    if is_again:
        # Whoever writes a template has to see it on the day after an issue as well.
        rendition = await app.composer.preview(
            newsletter,
            cadence,
            reader=one if one.id != NOBODY else None,
            language=asked.language,
            again=True,
        )
        async with app.store.read() as connection:
            since = await waves.last_cut(connection, newsletter.slug, cadence.name)
    found = Shown(
        newsletter=newsletter,
        cadence=cadence.name,
        language=rendition.language if rendition else asked.language,
        is_known=not asked.reader or one.id != NOBODY,
        is_again=is_again,
        since=since and since.astimezone(newsletter.timezone),
    )
    if rendition is None:
        return found
    mail = Read.of(message(app, newsletter, rendition, one.address))
    examined = None
    if asked.part is Part.FINDINGS:
        alone = bool(asked.reader)
        examined = await checked(app, newsletter, cadence, rendition, one, alone=alone)
    return replace(found, mail=mail, checked=examined)


def _cadence(newsletter: Newsletter, name: str) -> Cadence:
    for cadence in newsletter.cadences:
        if cadence.name == name:
            return cadence
    raise PublisherError(f'{newsletter.slug} has no cadence "{name}"')


def _fault_of_template(app: App, error: TemplateError) -> Fault:
    lines: list[tuple[int, str, bool]] = []
    source = app.templates.source(error.template) if error.line else None
    if source is not None and error.line:
        for number, text in enumerate(source.splitlines(), 1):
            if abs(number - error.line) <= _AROUND:
                lines.append((number, text, number == error.line))
    return Fault(title="A template has a fault", reasons=[str(error)], lines=lines)
