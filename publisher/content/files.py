"""One article file of any kind, from its bytes to a manuscript."""

from __future__ import annotations

import re
from datetime import tzinfo

from publisher.content.characters import clean_line
from publisher.content.encoding import decode
from publisher.content.manuscript import Manuscript
from publisher.content.markdown import read_markdown
from publisher.content.page import read_page
from publisher.content.plain import paragraphs
from publisher.content.savedpage import read_saved_page

# Part of every stamp: raise it when a change here or in a reader would tell a file differently.
READER_VERSION = 3

_READERS = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_page,
    ".htm": read_page,
}
SUFFIXES = frozenset({*_READERS, ".txt"})
_MAX_TITLE_CHARACTERS = 300


def read_manuscript(suffix: str, data: bytes, zone: tzinfo) -> Manuscript:
    """Read an article file by its suffix, one of ``SUFFIXES``, in small letters.

    Dates without a zone are in ``zone``. The manuscript has a title, and a body or a page
    elsewhere, unless it is a draft. Raises ValueError with a sentence for the editor.
    """
    if not data.strip():
        raise ValueError("the file is empty")
    text = decode(data, is_html=suffix in (".html", ".htm"))
    manuscript = _READERS.get(suffix, read_text)(text, zone)
    if manuscript.is_draft:
        return manuscript
    if manuscript.title is None:
        raise ValueError('there is no title; write a "title" or begin with a heading')
    if len(manuscript.title) > _MAX_TITLE_CHARACTERS:
        raise ValueError(
            f"the title would be {len(manuscript.title):,} characters long, at most"
            f" {_MAX_TITLE_CHARACTERS} are allowed; write it on a line of its own"
        )
    if not manuscript.html.strip() and not manuscript.url:
        raise ValueError("there is a title and nothing below it")
    return manuscript


def read_text(text: str, zone: tzinfo) -> Manuscript:
    """Read plain text: a saved page if it is one, else a title line and paragraphs.

    Blank lines part the paragraphs; in a text without any, each line is one.
    """
    if (saved := read_saved_page(text, zone)) is not None:
        return saved
    title, _, body = text.strip().partition("\n")
    parting = r"\n\s*\n" if re.search(r"\S[^\S\n]*\n\s*\n", body.strip()) else r"\n"
    texts = (
        "\n".join(filter(None, map(clean_line, part.splitlines())))
        for part in re.split(parting, body)
    )
    return Manuscript(html=paragraphs(filter(None, texts)), title=clean_line(title) or None)
