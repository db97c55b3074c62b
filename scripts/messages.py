"""Bring the shipped catalogs up to date with the sentences that templates and program say.

Run by `make messages`. What is new is added without a translation, what nobody says any more is
removed, and what has a translation keeps it; tests/test_catalogs.py then names what is missing.
To begin a language, give its tag: `python -m scripts.messages nl`.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

REPOSITORY = Path(__file__).parents[1]
CATALOGS = REPOSITORY / "templates" / "locale"
_METHODS = {
    "templates": [("email/**", "jinja2"), ("web/**", "jinja2")],
    "publisher": [("**.py", "python")],
}
# As in publisher.render.templates; a template that cannot be read is an error.
_OPTIONS = {
    "**": {
        "trim_blocks": "true",
        "lstrip_blocks": "true",
        "newstyle_gettext": "true",
        "silent": "false",
    }
}
# Babel dates and signs what it writes, so that each run would change every file.
_NOISE = re.compile(
    r'^"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date'
    r"|Last-Translator|Language-Team|Generated-By):.*\n",
    re.MULTILINE,
)


def extracted() -> Catalog:
    """Gather every message, with the files that say it."""
    catalog = Catalog(header_comment="")
    for folder, methods in _METHODS.items():
        found = extract_from_dir(REPOSITORY / folder, methods, _OPTIONS, strip_comment_tags=True)
        for file, _, message, comments, context in sorted(found, key=lambda each: each[:2]):
            place = f"{folder}/{Path(file).as_posix()}"
            catalog.add(message, None, [(place, 0)], auto_comments=comments, context=context)
    return catalog


def updated(text: str, tag: str, messages: Catalog) -> str:
    """Give the text of a catalog as it should be."""
    catalog = read_po(io.StringIO(text), locale=tag.replace("-", "_"))
    catalog.update(messages, no_fuzzy_matching=True)
    catalog.header_comment = f"# {catalog.locale.english_name if catalog.locale else tag}"
    catalog.fuzzy = False
    written = io.BytesIO()
    write_po(
        written, catalog, width=100, ignore_obsolete=True, include_lineno=False, sort_output=False
    )
    return _NOISE.sub("", written.getvalue().decode())


def main() -> None:
    """Update every catalog, and begin one for each tag that is given."""
    messages = extracted()
    CATALOGS.mkdir(exist_ok=True)
    for tag in sys.argv[1:]:
        (CATALOGS / f"{tag}.po").touch()
    for file in sorted(CATALOGS.glob("*.po")):
        file.write_text(updated(file.read_text("utf-8"), file.stem, messages), encoding="utf-8")


if __name__ == "__main__":
    main()
