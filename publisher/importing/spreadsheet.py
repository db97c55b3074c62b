"""Tables as CSV (RFC 4180) for spreadsheets: no cell of which they would take for a formula.

It gets a quote before it, which is taken off again on the way in (A22).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO

from publisher.importing.line import FORMULA

# RFC 4180 §2.6. Python's csv leaves a return alone, behind which a spreadsheet begins a row.
_SPECIAL = re.compile(r'[,"\r\n]')


def write(stream: TextIO, rows: Iterable[Iterable[str]]) -> None:
    """Write rows, no cell of which will be taken for a formula."""
    stream.writelines(",".join(map(_cell, row)) + "\n" for row in rows)


def _cell(text: str) -> str:
    if text.lstrip("'").startswith(FORMULA):
        text = f"'{text}"
    if not _SPECIAL.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'
