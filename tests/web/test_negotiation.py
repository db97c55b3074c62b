"""RFC 9110 as tables: which bytes a client gets, and when it needs none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.model import Coding, Format
from publisher.web.negotiation import (
    Fields,
    fields_of,
    known_tag,
    manipulations,
    named_tags,
    wanted_format,
    welcome,
)

PLAIN, PACKED = '"a1"', '"a1-gzip"'
MODIFIED = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
GZIP, BROTLI, ZSTD = Coding
ALL = tuple(Format)


def headers(*fields: tuple[str, str]) -> Fields:
    return fields_of([(name.encode(), value.encode("latin-1")) for name, value in fields])


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("gzip", {GZIP}),
        ("GZIP", {GZIP}),
        ("x-gzip", {GZIP}),
        ("br", {BROTLI}),
        ("zstd", {ZSTD}),
        ("gzip, deflate, br, zstd", {GZIP, BROTLI, ZSTD}),
        ("deflate,gzip;q=0.5", {GZIP}),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", {BROTLI}),
        ("br;q=0.3, gzip;q=0.8, *;q=0.1", {GZIP}),
        ("*", {GZIP, BROTLI, ZSTD, None}),
        ("*, br;q=0.5", {GZIP, ZSTD, None}),
        ("gzip ; q=1", {GZIP}),
        ("gzip;level=9;q=1, br;q=0.5", {GZIP}),
        ("gzip;Q=0.001", {GZIP}),
        ("gzip;q=0", {None}),
        ("gzip;q=0.0, *", {BROTLI, ZSTD, None}),
        ("gzip;q=0.000", {None}),
        ("*;q=0", {None}),
        ("identity", {None}),
        ("identity, gzip;q=0.5", {None}),
        ("identity;q=0.5, gzip;q=0.5", {None, GZIP}),
        ("identity;q=0.5, gzip", {GZIP}),
        ("identity;q=0, gzip;q=0.1", {GZIP}),
        ("identity;q=0", {GZIP}),
        ("identity;q=0, deflate", {GZIP}),
        ("identity;q=0, gzip;q=0", {None}),
        ("gzipped", {None}),
        ("gzip;q=high", {None}),
        ("gzip;q=2", {None}),
        (";q=1,,", {None}),
        ("", {None}),
    ],
)
def test_the_codings_that_a_client_likes_best(field: str, expected: set[Coding | None]) -> None:
    found = welcome(field.encode())

    assert (expected, len(expected)) == (set(found), len(found))


def test_several_fields_of_one_name_are_one_list() -> None:
    both = headers(("accept-encoding", "br"), ("accept-encoding", "gzip"))

    assert both == {b"accept-encoding": b"br, gzip"}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        # Browsers.
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None),
        # Whoever says nothing, and curl.
        ("", None),
        ("*/*", None),
        ("text/*", None),
        ("image/png", None),
        # FreshRSS, feedparser, rss-parser.
        (
            "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, "
            "application/xml;q=0.8, text/xml;q=0.8, text/html;q=0.7, unknown/unknown;q=0.1, "
            "application/unknown;q=0.1, */*;q=0.1",
            Format.RSS,
        ),
        (
            "application/atom+xml,application/rdf+xml,application/rss+xml,application/x-netcdf,"
            "application/xml;q=0.9,text/xml;q=0.2,*/*;q=0.1",
            Format.RSS,
        ),
        ("application/rss+xml", Format.RSS),
        ("application/rss+xml;q=0.8, application/atom+xml", Format.ATOM),
        ("APPLICATION/ATOM+XML", Format.ATOM),
        ("application/feed+json, application/json;q=0.9, */*;q=0.1", Format.JSON),
        ("application/json", Format.JSON),
        ("application/xml", Format.RSS),
        ("text/xml", Format.RSS),
        ("application/*", Format.RSS),
        ("text/html;q=0.5, */*", Format.RSS),
        ("application/rss+xml;q=0, application/xml", Format.ATOM),
        ("text/html, application/rss+xml", None),
        ("text/html;q=0.9, application/rss+xml;q=0.8", None),
        ("text/html;q=0, application/rss+xml;q=0", None),
        ("application/rss+xml;q=high", None),
    ],
)
def test_a_feed_instead_of_its_page_is_for_those_who_like_it_more(
    field: str, expected: Format | None
) -> None:
    assert expected == wanted_format(field.encode(), ALL)


def test_only_formats_of_the_feed_are_chosen() -> None:
    one, other = (Format.JSON,), (Format.ATOM, Format.RSS)

    found = [wanted_format(b"application/xml", formats) for formats in (one, other)]

    assert found == [None, Format.ATOM]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("feed", {"feed"}),
        ("Feed", {"feed"}),
        ("feed, gzip", {"feed", "gzip"}),
        ("diffe;q=0.5, feed;q=0", {"diffe"}),
        ("", set()),
    ],
)
def test_instance_manipulations_that_a_client_takes(field: str, expected: set[str]) -> None:
    assert expected == manipulations({b"a-im": field.encode()})


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
def test_a_tag_of_any_coding_matches_weakly(field: str, expected: str | None) -> None:
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


def test_where_no_date_is_told_none_is_compared() -> None:
    later = headers(("if-modified-since", "Sun, 06 Nov 2094 08:49:37 GMT"))

    assert known_tag(later, [PLAIN, PACKED], None) is None


@given(value=st.binary(max_size=60))
def test_no_field_makes_an_error(value: bytes) -> None:
    welcome(value)
    wanted_format(value, ALL)
    manipulations({b"a-im": value})
    named_tags({b"if-none-match": value})
    known_tag({b"if-none-match": value}, [PLAIN], MODIFIED)
    known_tag({b"if-modified-since": value}, [PLAIN], MODIFIED)
