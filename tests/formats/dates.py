"""Strict readers of the two spellings of dates; neither takes what it could only guess."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def rfc3339(text: str) -> datetime:
    """Read a date as Atom and JSON Feed want it: with seconds, an offset, and in capitals."""
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    assert re.fullmatch(pattern, text, re.ASCII), text
    return datetime.fromisoformat(text)


def rfc822(text: str) -> datetime:
    """Read a date as RSS wants it: with a year of four digits and the right day of the week."""
    pattern = r"(\w{3}), (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) \+0000"
    found = re.fullmatch(pattern, text, re.ASCII)
    assert found, text
    weekday, day, month, *rest = found.groups()
    year, hour, minute, second = map(int, rest)
    at = 1 + _MONTHS.index(month)
    moment = datetime(year, at, int(day), hour, minute, second, tzinfo=UTC)
    assert _DAYS[moment.weekday()] == weekday, text
    return moment
