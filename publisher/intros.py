"""What an editor says in their own words, in Markdown: above an issue, or to correct one."""

from __future__ import annotations

from pathlib import Path

from publisher.content.characters import clean_characters
from publisher.content.markdown import markdown_to_html
from publisher.content.sanitise import sanitise
from publisher.errors import TemplateError

# A word, not an article: Gmail cuts mails off at 102 KB, and there the articles must have room.
MOST_BYTES = 20_000


def read(path: Path) -> str:
    """Read what a file says, as Markdown; "" if it says nothing or is not there.

    Raises TemplateError if it cannot be printed: an issue is rather held than sent without it.
    """
    try:
        if path.exists() and not path.is_file():
            raise TemplateError(str(path), None, "is not a file")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise TemplateError(str(path), None, f"cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise TemplateError(str(path), None, f"is longer than {MOST_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TemplateError(str(path), line, "is not UTF-8") from error
    return legible(text, str(path))


def legible(text: str, name: str) -> str:
    """Clean a text in Markdown; "" if it shows nothing. Raises TemplateError, with its name."""
    text = clean_characters(text).strip()
    if len(text) > MOST_BYTES:
        raise TemplateError(name, None, f"is longer than {MOST_BYTES:,} bytes")
    try:
        shown = sanitise(markdown_to_html(text), "")
    except ValueError as error:
        raise TemplateError(name, None, str(error)) from error
    return text if shown.strip() else ""
