"""What templates can do to text and dates, beside Jinja's own filters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

# Han, kana and Hangul: written without blanks, so that a line may end behind any of them.
CJK = "\u1100-\u11ff\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"

# What begins and ends a stretch that runs its own way, and disorders nothing around it (UAX #9).
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_STRONG = {"ltr": {"L"}, "rtl": {"R", "AL"}}

_TIES = "\u00a0\u202f"

# A piece that must not be broken: a word, or one CJK character with the punctuation that may
# not begin a line behind it, and that which may not end one before it (UAX #14, OP and CL). A
# no-break space is part of its word, as before the colon in French.
_PIECE = re.compile(
    rf"[「『（《〈【“‘]*[{CJK}](?:[、。，．：；？！」』）》〉】”’…]|[ー々])*"  # noqa: RUF001
    rf"|(?:[^\s{CJK}]|[{_TIES}])+|(?:(?![{_TIES}])\s)+"
)

_HEADING = re.compile(r"</?h([1-6])(?=[ >])")

# Four letters before a full stop: "Mr." and "No." end no sentence.
_SENTENCE_END = re.compile(r"(?:\w{4}[.!?؟۔][\"'”’)]*(?= |$))|[。！？][」』”’）]*")  # noqa: RUF001


@lru_cache
def locale(language: str) -> Locale:
    """Find Babel's locale for a BCP 47 tag: its own, else its language's, else English."""
    for tag in (language, language.partition("-")[0]):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def own_name(language: str) -> str:
    """Give what a language calls itself, as the head of a list of languages would write it."""
    name = Locale.get_display_name(locale(language), locale(language)) or language
    return name[:1].upper() + name[1:]


def direction(language: str) -> str:
    """Tell which way a language is written: the value of HTML's dir attribute."""
    return locale(language).text_direction


@pass_context
def isolate(context: Context, text: str) -> str:
    """Isolate a plain text that runs the other way than ``language``, or part of which does.

    Without that the numbers and full stops beside it change places. What runs the same way stays
    as it is: not every program hides the marks.
    """
    own = _STRONG[direction(context["language"])]
    strong = {unicodedata.bidirectional(each) for each in text} & {"L", "R", "AL"}
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}" if strong - own else text


@pass_context
def listed(context: Context, names: Iterable[str]) -> str:
    """Write names as one phrase of ``language``: "A, B and C"; markup stays markup."""
    names = list(names)
    spoken = locale(context["language"])
    if any(isinstance(name, Markup) for name in names):
        return Markup(format_list([str(escape(name)) for name in names], locale=spoken))  # noqa: S704
    return format_list(names, locale=spoken)


@pass_context
def longdate(context: Context, moment: datetime) -> str:
    """Write the date out, with the weekday."""
    return format_date(_local(context, moment), "full", locale=locale(context["language"]))


@pass_context
def shortdate(context: Context, moment: datetime) -> str:
    """Write the date out, without the weekday."""
    return format_date(_local(context, moment), "long", locale=locale(context["language"]))


def _local(context: Context, moment: datetime) -> datetime:
    """Move an instant into the zone of those who read: an issue's date is its newsletter's."""
    of = context.get("newsletter") or context["publication"]
    zone: ZoneInfo = of.timezone
    return moment.astimezone(zone)


def excerpt(text: str, columns: int = 320) -> str:
    """Shorten a plain text to so many columns; a wide character takes two.

    Ends with a whole sentence if one ends in the last two fifths, else with a word and "…".
    """
    text = " ".join(text.split())
    if _width(text) <= columns:
        return text
    pieces = (piece[0] for piece in _PIECE.finditer(text))
    kept = _fitting(pieces, columns - 1) or _fitting(text, columns - 1)  # a word without end
    ends = [end.end() for end in _SENTENCE_END.finditer(kept)]
    if ends and ends[-1] >= 0.6 * len(kept):
        return kept[: ends[-1]]
    return kept.rstrip(" ,;:.，。；：、") + "…"  # noqa: RUF001


def _fitting(pieces: Iterable[str], columns: int) -> str:
    kept = ""
    for piece in pieces:
        columns -= _width(piece)
        if columns < 0:
            break
        kept += piece
    return kept


def below(html: Markup, level: int) -> Markup:
    """Put the headings of sanitised HTML under a title of a level, none deeper than 6."""
    levels = [int(found[1]) for found in _HEADING.finditer(html)]
    by = level + 1 - min(levels, default=0)

    def moved(tag: re.Match[str]) -> str:
        return f"{tag[0][:-1]}{min(int(tag[1]) + by, 6)}"

    return Markup(_HEADING.sub(moved, html))  # noqa: S704 - tags became tags


def wrap(text: str, columns: int = 72, indent: str = "") -> str:
    """Break plain text into lines of at most so many columns, each behind the indent.

    The text's own line ends stay, and a line that is broken keeps its own indent; one that fits
    stays as it is, since it may be a row of a table. A wide character takes two columns. A word or
    a link longer than a line stays whole, since a broken link cannot be followed. `textwrap`
    neither counts columns nor ends a line between two CJK characters.
    """
    broken = []
    for line in text.strip().split("\n"):
        own = indent + line[: len(line) - len(line.lstrip(" "))]
        if _width(indent + line) <= columns:
            broken.append((indent + line).rstrip())
        else:
            broken += [own + each for each in _lines(line, columns - _width(own))]
    return "\n".join(broken)


def _lines(text: str, columns: int) -> Iterator[str]:
    line, used, gap = "", 0, ""
    for piece in _PIECE.findall(text.strip()):
        if piece.isspace():
            gap = " "
            continue
        width = _width(piece)
        if line and used + len(gap) + width > columns:
            yield line
            line, used, gap = "", 0, ""
        line += gap + piece
        used += len(gap) + width
        gap = ""
    if line:
        yield line


def _width(text: str) -> int:
    """Count the columns that a terminal or a fixed-width font needs (UAX #11)."""
    return len(text) if text.isascii() else sum(map(_columns, text))


@lru_cache(maxsize=4096)
def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
