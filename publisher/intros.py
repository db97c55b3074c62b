"""The editor's own word above the articles of an issue: a Markdown file, and when it is printed."""

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
        text = clean_characters(data.decode("utf-8-sig")).strip()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TemplateError(str(path), line, "is not UTF-8") from error
    try:
        shown = sanitise(markdown_to_html(text), "")
    except ValueError as error:
        raise TemplateError(str(path), None, str(error)) from error
    return text if shown.strip() else ""
