"""Markdown to HTML: CommonMark with tables, strikethrough, footnotes and bare links.

Raw HTML passes through, as CommonMark wants: what comes out is sanitised like any other HTML.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from publisher.content.characters import clean_characters, clean_line
from publisher.content.fields import read_fields
from publisher.content.frontmatter import split_front_matter
from publisher.content.manuscript import Manuscript
from publisher.content.tree import parse

# The parser's time is linear, at about 80 KB/s for the worst input found (only brackets).
_MAX_CHARACTERS = 1_000_000


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"linkify": True})
    parser.enable(["table", "strikethrough", "linkify"])
    assert parser.linkify is not None  # noqa: S101 -- linkify-it-py is a dependency
    # Only what says that it is a link: "readme.md" and "and.so" are words to an editor.
    parser.linkify.set({"fuzzy_link": False})
    return parser.use(footnote_plugin)


def markdown_to_html(markdown: str) -> str:
    """Render Markdown. The HTML is not sanitised."""
    rendered: str = _parser().render(markdown)
    return rendered


def read_markdown(text: str, zone: tzinfo) -> Manuscript:
    """Read a Markdown file with or without front matter.

    Without a title in the front matter the first heading is the title; a heading that is the
    title is not repeated in the body. Raises ValueError with a sentence.
    """
    front, markdown = split_front_matter(
        clean_characters(text).replace("\r\n", "\n").replace("\r", "\n")
    )
    if len(markdown) > _MAX_CHARACTERS:
        raise ValueError(
            f"the file holds {len(markdown):,} characters of Markdown;"
            f" at most {_MAX_CHARACTERS:,} are read"
        )
    parser = _parser()
    env: dict[str, object] = {}
    tokens = parser.parse(markdown, env)
    deepest = parser.options.maxNesting - 2
    if any(token.level > deepest for token in tokens):
        # The parser stops about here, and what stands deeper would be lost without a word.
        raise ValueError(f"the Markdown is nested more than {deepest} levels deep")
    manuscript = read_fields(front, "", zone)
    title = manuscript.title
    start = next((n for n, token in enumerate(tokens) if token.type == "heading_open"), None)
    if start is not None:
        heading = clean_line(_words(tokens[start + 1]))
        if title is None or (start == 0 and heading == title):
            title = heading or None
            del tokens[start : start + 3]  # heading_open, inline, heading_close
    html = str(parser.renderer.render(tokens, parser.options, env))
    parse(html, is_fragment=True)  # raises when raw HTML is nested too deeply
    return replace(manuscript, html=html, title=title)


def _words(inline: Token) -> str:
    """Give the words of a heading without its marks."""
    return "".join(
        " " if token.type in ("softbreak", "hardbreak") else token.content
        for token in inline.children or ()
        if token.type in ("text", "code_inline", "softbreak", "hardbreak", "text_special")
    )
