"""What an answer's headers ask of us: to wait, or to take it for fresh."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from publisher.fetch import Answer

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


def answer(**headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(url="https://a.example/", moved=None, status=200, headers=named, body=b"")


@pytest.mark.parametrize(
    ("written", "rest"),
    [
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("0", timedelta(0)),
        ("604801", WEEK),
        ("9" * 5000, WEEK),
        ("Tue, 24 Nov 2026 12:30:00 GMT", timedelta(minutes=30)),
        ("Tuesday, 24-Nov-26 12:30:00 GMT", timedelta(minutes=30)),
        ("Tue Nov 24 12:30:00 2026", timedelta(minutes=30)),
        ("Tue, 24 Nov 2026 12:30:00", timedelta(minutes=30)),
        ("Tue, 24 Nov 2026 13:30:00 +0100", timedelta(minutes=30)),
        ("Sun, 24 Nov 2999 12:30:00 GMT", WEEK),
    ],
)
def test_rest_is_what_retry_after_asks_but_a_week_at_most(written: str, rest: timedelta) -> None:
    assert answer(retry_after=written).rest(NOW) == rest


@pytest.mark.parametrize(
    "written",
    [
        "",
        "soon",
        "-5",
        "1.5",
        "\uff11\uff12\uff10",
        "120, 240",
        "Tue, 24 Nov 2026 11:30:00 GMT",
        "Tue, 24 Nov 2026 12:00:00 GMT",
        "Tue, 99 Nov 2026 12:30:00 GMT",
        "Tue, 24 Nov 99999 12:30:00 GMT",
        "Tue, 24 Nov 99999999999999999 12:30:00 GMT",
        "Tue, 24 Nov 2026 12:30:00 +9999999999",
        "0 Jan",
        ",",
        "\ufffd" * 100,
    ],
)
def test_there_is_no_rest_where_none_is_asked(written: str) -> None:
    assert answer(retry_after=written).rest(NOW) is None


def test_there_is_no_rest_without_retry_after() -> None:
    assert answer().rest(NOW) is None


@pytest.mark.parametrize(
    ("written", "fresh"),
    [
        ("max-age=3600", timedelta(hours=1)),
        ("public, Max-Age=3600 , must-revalidate", timedelta(hours=1)),
        ('max-age="3600"', timedelta(hours=1)),
        ("max-age=0", timedelta(0)),
        ("s-maxage=60, max-age=3600", timedelta(hours=1)),
        ("max-age=3600, max-age=60", timedelta(hours=1)),
        ('private="max-age=1, x\\"", max-age=3600', timedelta(hours=1)),
        (";;=,,=\ufffd, max-age=3600", timedelta(hours=1)),
        ("max-age=31536000", WEEK),
        ("max-age=" + "9" * 5000, WEEK),
    ],
)
def test_fresh_for_is_max_age_but_a_week_at_most(written: str, fresh: timedelta) -> None:
    assert answer(cache_control=written).fresh_for() == fresh


@pytest.mark.parametrize(
    "written",
    [
        "",
        "public",
        "max-age",
        "max-age=",
        "max-age=-1",
        "max-age=soon",
        "max-age=1.5",
        "max-age=\uff11",
        "s-maxage=60",
        "x-max-age=60",
        "no-cache, max-age=3600",
        "max-age=3600, NO-STORE",
    ],
)
def test_nothing_is_fresh_without_max_age(written: str) -> None:
    assert answer(cache_control=written).fresh_for() is None
