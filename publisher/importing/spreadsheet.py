"""Tables as CSV (RFC 4180) for spreadsheets: no cell of which they would take for a formula.

It gets a quote before it, which is taken off again on the way in (A22).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from publisher.importing.line import FORMULA


def write(stream: TextIO, rows: Iterable[Iterable[str]]) -> None:
    """Write rows, no cell of which will be taken for a formula."""
    csv.writer(stream, lineterminator="\n").writerows(
        [f"'{cell}" if cell.lstrip("'").startswith(FORMULA) else cell for cell in row]
        for row in rows
    )
