from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from publisher.content.dates import read_date

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "written",
    [
        "2024-06-07",
        "2024-6-7",
        "2024/06/07",
        "2024.06.07",
        "2024年6月7日",
        "June 7, 2024",
        "Jun. 7 2024",
        "Friday, June 7th, 2024",
        "7 June 2024",
        "Fri, 07 Jun 2024",
        "2024-06-07 00:00",
        "2024-06-07T00:00:00",
        "June 7, 2024 at 12:00 a.m.",
        "2024-06-06T16:00Z",
        "2024-06-06 16:00:00.000 UTC",
        "2024-06-07T00:00+08:00",
        "Thu, 06 Jun 2024 18:00:00 +0200",
        date(2024, 6, 7),
        datetime(2024, 6, 7),  # noqa: DTZ001 -- as TOML gives a local time
        datetime(2024, 6, 6, 16, tzinfo=UTC),
    ],
)
def test_read_date_reads_each_form_in_the_zone(written: str | date) -> None:
    assert read_date(written, SHANGHAI) == datetime(2024, 6, 6, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday-ish",
        "2026-13-45",
        "2026-02-30",
        "06/07/2024",
        "2026",
        "2024-06-07 25:00",
        "2024-06-07T10:00+99:99",
        "13:00 pm",
        "0001-01-01",
        "\u0662\u0660\u0662\u0664-\u0660\u0666-\u0660\u0667",
    ],
)
def test_read_date_refuses_what_is_no_date(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the caller writes the sentence
        read_date(written, SHANGHAI)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-10-25 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-03-29 02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_read_date_has_one_rule_for_clock_changes(written: str, instant: datetime) -> None:
    assert read_date(written, BERLIN) == instant
