"""HTML as readable plain text, plain text as HTML paragraphs, and summaries of text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape

from inscriptis.html_engine import Inscriptis  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]

from publisher.content.characters import clean_characters
from publisher.content.tree import parse

_CONFIG = ParserConfig(display_links=False, display_images=False)

# Scripts written without blanks between words: Thai to Burmese, Khmer, kana, Han.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff"
_UNSPACED += "\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
# Two such characters make about one word.
_UNSPACED_WEIGHT = 0.5

_FULL_STOPS, _CLOSERS = "。！？", "”’」』）"  # noqa: RUF001 -- full-width signs are meant
_SENTENCE_END = re.compile(rf"[{_FULL_STOPS}]+[{_CLOSERS}]*|[.!?…]+[\"'\u201d\u2019»)\]]*(?=\s|$)")
# A full stop behind these, or behind a single letter, ends no sentence.
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[^\W\d_]|Mrs?|Ms|Drs?|Prof|St|No|Jr|Sr|vs|etc)\.$")

_LOOSE_ENDS = " ,;:–—-.、，；："  # noqa: RUF001


def plain_text(html: str) -> str:
    """Write HTML as text to be read: paragraphs parted by blank lines, links not listed.

    Raises ValueError with a sentence when the HTML is nested too deeply.
    """
    text = Inscriptis(parse(html, is_fragment=True), _CONFIG).get_text()
    text = "\n".join(line.rstrip() for line in clean_characters(text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def paragraphs(texts: Iterable[str]) -> str:
    """Write each text as an HTML paragraph; nothing in it is taken for markup."""
    return "\n".join(f"<p>{escape(text, quote=False)}</p>" for text in texts)


def summarise(text: str, *, words: int = 40) -> str:
    """Give the first whole sentences of a plain text, up to about ``words`` words.

    A first sentence that is longer is cut behind a word and ends in an ellipsis. Chinese,
    Japanese and other scripts without blanks count two characters for a word.
    """
    summary = ""
    room = float(words)
    for sentence in _sentences(text):
        room -= sum(_weight(token) for token in _TOKEN.findall(sentence))
        if room < 0:
            return summary or _cut(sentence, words)
        joint = "" if not summary or summary[-1] in _FULL_STOPS + _CLOSERS else " "
        summary += joint + sentence
    return summary


def _sentences(text: str) -> Iterable[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        line = " ".join(paragraph.split())
        start = 0
        for end in _SENTENCE_END.finditer(line):
            if not _ABBREVIATION.search(line[max(start, end.end() - 8) : end.end()]):
                yield line[start : end.end()].strip()
                start = end.end()
        if rest := line[start:].strip():
            yield rest


def _weight(token: str) -> float:
    return _UNSPACED_WEIGHT if _IS_UNSPACED.match(token) else 1.0


def _cut(sentence: str, words: int) -> str:
    room = float(words)
    end = 0
    for token in _TOKEN.finditer(sentence):
        room -= _weight(token.group())
        if room < 0 and end:
            break
        end = token.end()
    while end < len(sentence) and unicodedata.category(sentence[end]).startswith("M"):
        end += 1  # a vowel sign or an accent stays with its letter
    return sentence[:end].rstrip(_LOOSE_ENDS) + "…"
