"""Dates as people and machines write them, made aware UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?P<year>[0-9]{4})"
_DAY = r"(?P<day>[0-9]{1,2})"
_TIME = (
    r"(?:(?:\s*[T,]\s*|\s+)(?:at\s+)?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
# A date such as 06/07/2024 is left out on purpose: half the world reads it the other way.
_FORMS = tuple(
    re.compile(form + _TIME, re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_YEAR}(?P<mark>[-/.])(?P<month>[0-9]{{1,2}})(?P=mark){_DAY}",
        rf"{_YEAR}年(?P<month>[0-9]{{1,2}})月{_DAY}日",
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"{_WEEKDAY}{_DAY}(?:st|nd|rd|th)?\s+{_MONTH},?\s+{_YEAR}",
    )
)


def read_date(written: str | date, zone: tzinfo) -> datetime:
    """Read a date, with or without a time, as an instant in UTC.

    Without a zone of its own it is in ``zone``; a date alone is that day's midnight there. A
    time that the clock shows twice is the first, one in a spring gap is counted from before
    the gap (PEP 495, fold=0). Raises ValueError, without a sentence, if it is no date.
    """
    if isinstance(written, str):
        moment = _read_text(" ".join(written.split()), zone)
    elif isinstance(written, datetime):
        moment = written if written.tzinfo else written.replace(tzinfo=zone)
    else:
        moment = datetime(written.year, written.month, written.day, tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # the first and the last day of the calendar
        raise ValueError(written) from error


def _read_text(text: str, zone: tzinfo) -> datetime:
    for form in _FORMS:
        if found := form.fullmatch(text):
            return _moment(found.groupdict(), zone)
    raise ValueError(text)


def _moment(parts: dict[str, str | None], zone: tzinfo) -> datetime:
    name = parts.get("name")
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
    return datetime(
        int(parts["year"] or 0),
        _MONTHS.index(name[:3].lower()) + 1 if name else int(parts["month"] or 0),
        int(parts["day"] or 0),
        hour,
        int(parts["minute"] or 0),
        min(int(parts["second"] or 0), 59),  # a leap second
        tzinfo=_zone(parts["zone"], zone),
    )


def _zone(written: str | None, zone: tzinfo) -> tzinfo:
    if written is None:
        return zone
    if written.upper() in ("Z", "UTC", "GMT"):
        return UTC
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
    return timezone(-offset if written[0] == "-" else offset)
