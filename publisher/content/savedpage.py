"""Pages of news sites that were saved as text: navigation, title, byline, paragraphs, editor.

    Home Search
    The title
    By Ann Lee and Bo Chen Source: City Wire Updated: 2026-06-07
    A paragraph a line ...
    Editor: Carla Diaz

Blank lines may or may not lie between. The byline is what tells such a page from a text.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from publisher.content.characters import clean_line
from publisher.content.dates import read_date
from publisher.content.manuscript import Manuscript
from publisher.content.plain import paragraphs
from publisher.model import Person

_LABEL = re.compile(r"\b(source|updated|published|posted|date)\s*[:\uff1a]", re.IGNORECASE)
_BYLINE = re.compile(r"by\b", re.IGNORECASE)
_EDITOR = re.compile(r"\(?(?:editors?|edited by)\s*[:\uff1a]\s*(?P<names>[^)]+)\)?", re.IGNORECASE)
_EDITED_BY = re.compile(r"\(?edited by (?P<names>[^):\uff1a]+)\)?", re.IGNORECASE)
_NAME_PARTING = re.compile(r"\s*[,;&、]\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
_SENTENCE_END = (".", "!", "?", "…", '"', "”", "。", "！", "？", ":")  # noqa: RUF001

# The head of a page: its navigation and title are short lines, and not many of them.
_HEAD_LINES = 60
_HEAD_CHARACTERS = 300
_FOOT_CHARACTERS = 100


def read_saved_page(text: str, zone: tzinfo) -> Manuscript | None:
    """Read a saved page; None when the text has no byline and so is not one.

    The line above the byline is the title, what stands above that is navigation. The editor
    and a source that is named are contributors. Short lines behind the editor are the
    page's foot. Raises ValueError with a sentence when the byline's date is none.
    """
    lines = [line for line in map(clean_line, text.splitlines()) if line]
    for number, line in enumerate(lines[:_HEAD_LINES]):
        if number and (labels := _read_byline(line)):
            return _compose(lines[number - 1], labels, lines[number + 1 :], zone)
        if len(line) > _HEAD_CHARACTERS:
            return None
    return None


def _read_byline(line: str) -> dict[str, str] | None:
    """Part a byline by its labels; "by" holds the authors. None when it is no byline.

    A sentence may begin with "By" and even name a date: only one that also labels its date
    is a byline.
    """
    first, *rest = _LABEL.split(line)
    if not (by := _BYLINE.match(first)) or not rest:
        return None
    labels = {"by": first[by.end() :].strip(" :|·\uff1a")}
    for label, value in zip(rest[::2], rest[1::2], strict=True):
        labels.setdefault(label.lower(), value.strip(" |·,;"))
    return labels if labels.keys() - {"by", "source"} else None


def _compose(title: str, labels: dict[str, str], rest: list[str], zone: tzinfo) -> Manuscript:
    body, editors = _part_editor(rest)
    authors = _people(labels["by"])
    source = labels.get("source", "")
    contributors = (*editors, *([Person(name=source)] if source else []))
    dates = [
        _read_label(label, labels[label], zone)
        for label in ("published", "posted", "date", "updated")
        if labels.get(label)
    ]
    return Manuscript(
        html=paragraphs(body),
        title=title,
        authors=authors,
        contributors=tuple(person for person in contributors if person not in authors),
        published=dates[0] if dates else None,
        updated=dates[-1] if len(dates) > 1 else None,
    )


def _read_label(label: str, written: str, zone: tzinfo) -> datetime:
    try:
        return read_date(written, zone)
    except ValueError as error:
        raise ValueError(
            f'byline: "{label.capitalize()}:" is "{written}", which is no date;'
            " write 2026-11-23 or 2026-11-23 07:30"
        ) from error


def _part_editor(lines: list[str]) -> tuple[list[str], tuple[Person, ...]]:
    """Take the last line that names an editor out, and the page's foot behind it."""
    for number in range(len(lines) - 1, -1, -1):
        if names := _editor_names(lines[number]):
            foot = lines[number + 1 :]
            is_foot = all(
                len(line) <= _FOOT_CHARACTERS and not line.endswith(_SENTENCE_END) for line in foot
            )
            return lines[:number] + ([] if is_foot else foot), _people(names)
    return lines, ()


def _editor_names(line: str) -> str | None:
    if found := _EDITOR.fullmatch(line):
        return found.group("names") if len(line) <= _FOOT_CHARACTERS else None
    found = _EDITED_BY.fullmatch(line)
    if not found or len(line) > _FOOT_CHARACTERS:
        return None
    # Without a colon it may be a sentence; names are written large and end in no full stop.
    words = [word for word in re.split(r"[\s,&]+", found.group("names")) if word != "and"]
    return found.group("names") if words and not any(map(_is_common, words)) else None


def _is_common(word: str) -> bool:
    return word[:1].islower() or (len(word) > 2 and word.endswith("."))


def _people(names: str) -> tuple[Person, ...]:
    return tuple(Person(name=name.strip()) for name in _NAME_PARTING.split(names) if name.strip())
