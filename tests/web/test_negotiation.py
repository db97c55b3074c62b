"""RFC 9110 as tables: which bytes a client gets, and when it needs none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from publisher.web.negotiation import known_tag, prefers_gzip

PLAIN, PACKED = '"a1"', '"a1-gzip"'
MODIFIED = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


def headers(*fields: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.encode(), value.encode("latin-1")) for name, value in fields])


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br", True),
        ("deflate,gzip;q=0.5", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("gzip ; q=1", True),
        ("gzip;Q=0.001", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("gzip;q=0.000", False),
        ("*;q=0", False),
        ("identity", False),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.5, gzip", True),
        ("identity;q=0, gzip;q=0.1", True),
        ("br", False),
        ("gzipped", False),
        ("gzip;q=high", False),
        ("gzip;q=2", False),
        (";q=1,,", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_those_who_ask_for_it(field: str, expected: bool) -> None:
    assert expected == prefers_gzip(headers(("accept-encoding", field)))


def test_no_accept_encoding_gets_plain_bytes() -> None:
    assert not prefers_gzip(headers())


def test_accept_encoding_may_come_in_several_fields() -> None:
    both = headers(("accept-encoding", "br"), ("accept-encoding", "gzip"))

    assert prefers_gzip(both)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('"a1"', PLAIN),
        ('W/"a1"', PLAIN),
        ('"a1-gzip"', PACKED),
        ('W/"a1-gzip"', PACKED),
        ('"b2", "a1"', PLAIN),
        ('"b2",W/"a1-gzip","c3"', PACKED),
        ('"a, b", "a1"', PLAIN),
        ('"a1", "a1-gzip"', PLAIN),
        ("*", PLAIN),
        (" * ", PLAIN),
        ('"b2"', None),
        ('"A1"', None),
        ("a1", None),
        ('"*"', None),
        ("", None),
    ],
)
def test_a_tag_of_either_coding_matches_weakly(field: str, expected: str | None) -> None:
    asked = headers(("if-none-match", field))

    assert expected == known_tag(asked, [PLAIN, PACKED], MODIFIED)


def test_if_none_match_may_come_in_several_fields() -> None:
    asked = headers(("if-none-match", '"b2"'), ("if-none-match", '"a1"'))

    assert known_tag(asked, [PLAIN, PACKED], MODIFIED) == PLAIN


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", True),
        ("Sunday, 06-Nov-94 08:49:37 GMT", True),
        ("Sun Nov  6 08:49:37 1994", True),
        ("Sun, 06 Nov 1994 08:49:38 GMT", True),
        ("Sun, 06 Nov 2094 08:49:37 GMT", True),
        ("Sun, 06 Nov 1994 08:49:36 GMT", False),
        ("Sunday, 06-Nov-94 08:49:36 GMT", False),
        ("Sun Nov  6 08:49:36 1994", False),
        ("Thu, 01 Jan 1970 00:00:00 GMT", False),
        ("yesterday", False),
        ("0", False),
        ("Sun, 99 Nov 1994 08:49:37 GMT", False),
        ("Sun, 06 Nov 1994 08:49:37 +9999", False),
        ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", False),
        ("", False),
    ],
)
def test_a_date_at_or_after_the_change_matches(field: str, expected: bool) -> None:
    known = known_tag(headers(("if-modified-since", field)), [PLAIN, PACKED], MODIFIED)

    assert known == (PLAIN if expected else None)


def test_if_none_match_overrules_the_date() -> None:
    later = ("if-modified-since", "Sun, 06 Nov 2094 08:49:37 GMT")
    earlier = ("if-modified-since", "Sun, 06 Nov 1984 08:49:37 GMT")

    changed = known_tag(headers(("if-none-match", '"b2"'), later), [PLAIN, PACKED], MODIFIED)
    same = known_tag(headers(("if-none-match", '"a1"'), earlier), [PLAIN, PACKED], MODIFIED)

    assert (None, PLAIN) == (changed, same)


def test_two_dates_are_no_date() -> None:
    date = ("if-modified-since", "Sun, 06 Nov 2094 08:49:37 GMT")

    assert known_tag(headers(date, date), [PLAIN, PACKED], MODIFIED) is None


_LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255))
_DATES = st.from_regex(
    r"\w{3}, \d{1,3} Nov -?\d{1,6} \d{1,3}:\d\d:\d\d ([+-]\d{1,20}|GMT)?", fullmatch=True
)


@given(_LATIN, _LATIN, st.one_of(_LATIN, _DATES.filter(str.isascii)))
def test_no_field_is_too_odd_to_answer(coding: str, tag: str, date: str) -> None:
    prefers_gzip(headers(("accept-encoding", coding)))
    known_tag(headers(("if-none-match", tag)), [PLAIN], MODIFIED)
    known_tag(headers(("if-modified-since", date)), [PLAIN], MODIFIED)
