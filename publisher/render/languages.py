"""The sentences of mails and pages in other languages, from catalogs of gettext.

A catalog is ``locale/TAG.po`` in a folder of templates, named by a language tag (BCP 47). It is
read as it is, so that there is nothing to compile: whoever edits one sees the change at the next
start. What it lacks is looked for in the catalog of the wider language (zh-TW: zh-Hant, then
zh), and at last said in English, which is what the messages themselves are.

A translation must have the placeholders and the markup of its message, no more and no less.
One that has not is a fault, told by `Languages.faults`, and treated as if it were missing: a
translation can break neither a mail nor the HTML of a page, and a catalog from elsewhere can
bring in no link or script. `publisher.render.templates` is the only caller.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from gettext import c2py
from pathlib import Path

import structlog
from babel import Locale
from babel.messages.pofile import PoFileError, read_po

from publisher.errors import TemplateError
from publisher.render.filters import locale

_log = structlog.get_logger(__name__)

_FOLDER = "locale"
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_LINE = re.compile(
    r'(#.*|((msgctxt|msgid|msgid_plural|msgstr|msgstr\[[0-9]\])[ ]*)?"([^"\\]|\\.)*")?'
)
_TOO_MANY_FORMS = re.compile(r"nplurals\s*=(?!\s*[1-9]\s*;)")
# Anything that formatting could trip over counts as a placeholder: a lone % too.
_PLACEHOLDER = re.compile(r"%(?:\(\w+\)\w|.)?", re.DOTALL)
_MARKUP = re.compile(r"<[^>]*>?|>|&[#\w]*;?")
_CONTEXT_END = "\4"  # as in compiled catalogs: parts a message's context from the message
_COUNTED = range(200)  # covers the rules of every language: they go by the last two digits


@dataclass(frozen=True, slots=True, kw_only=True)
class _Catalog:
    """What a file says. ``messages`` maps to one text, or to one for each plural form."""

    messages: Mapping[str, Sequence[str]]
    plural: Callable[[int], int]
    faults: Sequence[tuple[int | None, str]]


class Translations:
    """The sentences of one language; the methods are gettext's. Placeholders are left in place.

    ``locale`` is Babel's, for numbers among the words.
    """

    def __init__(self, locale: Locale, catalogs: Sequence[_Catalog]) -> None:
        self.locale = locale
        self._catalogs = catalogs

    def gettext(self, message: str) -> str:
        """Translate a sentence."""
        return self._found(message) or message

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """Translate a sentence that counts something, in the form for this number."""
        return self._found(singular, number) or (singular if number == 1 else plural)

    def pgettext(self, context: str, message: str) -> str:
        """Translate a sentence that means something of its own in this context."""
        return self._found(context + _CONTEXT_END + message) or message

    def npgettext(self, context: str, singular: str, plural: str, number: int) -> str:
        """Translate a sentence that counts something in this context."""
        found = self._found(context + _CONTEXT_END + singular, number)
        return found or (singular if number == 1 else plural)

    def _found(self, key: str, number: int | None = None) -> str | None:
        for catalog in self._catalogs:
            texts = catalog.messages.get(key)
            if not texts:
                continue
            try:
                return texts[0 if number is None else catalog.plural(number)]
            except (IndexError, ArithmeticError):  # a rule that holds for some numbers only
                continue
        return None


class Languages:
    """The catalogs of some folders of templates. What an earlier folder says comes first."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._files: dict[str, list[Path]] = {}
        for folder in folders:
            for file in sorted(folder.glob(f"{_FOLDER}/*.po")):
                self._files.setdefault(file.stem.lower(), []).append(file)
        self._made: dict[tuple[Locale, Sequence[Path]], Translations] = {}

    def translations(self, language: str) -> Translations:
        """Give the sentences of a language, the same object for the same ones."""
        spoken = locale(language)
        tags = _widening(language, spoken)
        files = tuple(file for tag in tags for file in self._files.get(tag, ()))
        if (spoken, files) not in self._made:
            catalogs = [_read(file) for file in files]
            for file, catalog in zip(files, catalogs, strict=True):
                for line, reason in catalog.faults:
                    _log.warning("translation not used", file=str(file), line=line, reason=reason)
            self._made[spoken, files] = Translations(spoken, catalogs)
        return self._made[spoken, files]

    def faults(self) -> list[str]:
        """Read every catalog, and tell what is wrong with each as lines."""
        return [
            str(TemplateError(f"{_FOLDER}/{file.name}", line, reason))
            for files in self._files.values()
            for file in files
            for line, reason in _read(file).faults
        ]


def _widening(language: str, spoken: Locale) -> Iterable[str]:
    """List the tags to look for, the most exact first (RFC 4647 §3.4), in lower case.

    The script that goes without saying counts: zh-TW is zh-Hant-TW, and so zh-Hant before zh.
    English comes last, for a site that says its sentences in a way of its own.
    """
    own = list(_cut(language))
    full = list(_cut(str(spoken).replace("_", "-")))
    return dict.fromkeys([*own[:1], *(full if full[-1] == own[-1] else []), *own, "en"])


def _cut(tag: str) -> Iterator[str]:
    parts = tag.lower().split("-")
    for end in range(len(parts), 0, -1):
        yield "-".join(parts[:end])


def _read(file: Path) -> _Catalog:
    tag = file.stem
    if not _TAG.fullmatch(tag):
        return _unusable(None, f'"{tag}" is not a language tag such as de, pt-BR or zh-Hans')
    try:
        return _parsed(file.read_text(encoding="utf-8"), tag.replace("-", "_"))
    except UnicodeDecodeError as error:
        return _unusable(None, f"it is not UTF-8 at byte {error.start}")
    except OSError as error:
        return _unusable(None, error.strerror or str(error))


@lru_cache(maxsize=64)  # by what it says, so that a changed file is never taken for the old one
def _parsed(text: str, identifier: str) -> _Catalog:
    # Babel guesses at what a broken line may mean; a translation is used as it is meant or not.
    for number, line in enumerate(text.split("\n"), start=1):
        if not _LINE.fullmatch(line.strip()):
            return _unusable(number, 'it is not a comment, a keyword with "...", or "..." alone')
        if _TOO_MANY_FORMS.search(line):
            return _unusable(number, "nplurals must be from 1 to 9")
    try:
        catalog = read_po(
            io.StringIO(text), locale=identifier, ignore_obsolete=True, abort_invalid=True
        )
        plural = c2py(catalog.plural_expr)
        in_range = all(plural(number) in range(catalog.num_plurals) for number in _COUNTED)
    except PoFileError as error:
        return _unusable(error.lineno + 1, str(error).rpartition(" on ")[0])
    except Exception as error:  # whatever a header makes its readers trip over
        return _unusable(None, f"{type(error).__name__}: {error}")
    if not in_range:
        return _unusable(None, f"plural={catalog.plural_expr} gives forms beyond nplurals")
    messages: dict[str, Sequence[str]] = {}
    faults = []
    for message in catalog:
        ids, texts = _forms(message.id), _forms(message.string)
        if not message.id or message.fuzzy or not any(texts):
            continue
        reason = _fault(ids, texts, catalog.num_plurals)
        if reason is None:
            context = f"{message.context}{_CONTEXT_END}" if message.context else ""
            messages[context + ids[0]] = texts
        else:
            faults.append((message.lineno, f'"{ids[0]}": {reason}'))
    return _Catalog(messages=messages, plural=plural, faults=faults)


def _unusable(line: int | None, reason: str) -> _Catalog:
    return _Catalog(messages={}, plural=int, faults=[(line, reason)])


def _forms(said: str | Iterable[str | None] | None) -> Sequence[str]:
    return [said] if isinstance(said, str) else [each or "" for each in said or ()]


def _fault(ids: Sequence[str], texts: Sequence[str], forms: int) -> str | None:
    """Tell why a translation cannot be used; None if it can.

    A plural form need not name the number: some languages have a word for two of a thing.
    """
    if len(ids) > 1 and not all(texts):
        return f"it wants {forms} plural forms"
    named, number = [_placeholders(each) for each in ids], {"%(num)s"} if len(ids) > 1 else set()
    needed, allowed = set.intersection(*named) - number, set.union(*named) | number
    for text in texts:
        here = _placeholders(text)
        if not needed <= here <= allowed:
            return f"the placeholders differ; it wants {_words(allowed)} and has {_words(here)}"
        if sorted(_MARKUP.findall(text)) not in [sorted(_MARKUP.findall(each)) for each in ids]:
            return "the markup (<, > and &) differs"
    return None


def _placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text)) - {"%%"}


def _words(placeholders: set[str]) -> str:
    return ", ".join(sorted(placeholders)) or "none"
