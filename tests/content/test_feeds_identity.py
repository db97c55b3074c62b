from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from publisher.content.feeds.identity import Identified, content_digest, identify
from publisher.content.manuscript import Manuscript

FROST = Manuscript(guid="frost", title="Frost", html="", url="https://example.org/frost")
THAW = Manuscript(guid="thaw", title="Thaw", html="", url="https://example.org/thaw")


def found(*entries: Manuscript) -> list[Identified]:
    return list(identify(entries))


def guids(*entries: Manuscript) -> list[str]:
    return [one.guid for one in identify(entries)]


def test_guid_is_the_id_or_else_the_link() -> None:
    assert guids(FROST, replace(THAW, guid=None)) == ["frost", "https://example.org/thaw"]


def test_guid_without_id_and_link_is_made_of_title_and_text() -> None:
    bare = Manuscript(title="Frost", html="<p>Ice</p>")
    dated = replace(bare, published=datetime(2026, 11, 23, tzinfo=UTC), tags=("ice",))

    first, second = guids(bare, replace(bare, html="<p>Snow</p>"))

    assert first.startswith("sha256:")
    assert first != second
    assert guids(dated) == [first]


def test_first_of_several_with_one_guid_is_it() -> None:
    first, second, third = found(FROST, replace(THAW, guid="frost"), THAW)

    assert (first.entry, first.origin, first.fault) == (FROST, "frost", None)
    assert second.fault is not None
    assert 'its id "frost" is that of another entry' in second.fault
    assert second.origin not in ("frost", "thaw")
    assert third.fault is None


def test_origin_of_a_second_one_does_not_depend_on_its_place() -> None:
    second = replace(FROST, title="Frost again")

    assert found(FROST, second, THAW)[1] == found(THAW, FROST, second)[2]


def test_repetition_is_passed_over() -> None:
    later = replace(FROST, published=datetime(2026, 11, 23, tzinfo=UTC))
    other = replace(FROST, title="Other")

    assert len(found(FROST, later)) == 1
    assert len(found(FROST, other, later, other)) == 2


def test_id_that_all_entries_share_is_none() -> None:
    entries = [replace(entry, guid="https://example.org/") for entry in (FROST, THAW)]

    assert guids(*entries) == ["https://example.org/frost", "https://example.org/thaw"]


@pytest.mark.parametrize("url", [None, "https://example.org/frost"])
def test_shared_id_stays_where_links_tell_no_better(url: str | None) -> None:
    entries = [FROST, replace(THAW, guid="frost", url=url)]

    assert guids(*entries) == ["frost", "frost"]


@pytest.mark.parametrize("id_", [None, "nothing"])
def test_entry_with_nothing_in_it_is_faulty(id_: str | None) -> None:
    (one,) = found(Manuscript(guid=id_, html="", tags=("ice",)))

    assert one.fault == "it has neither a title nor a text nor a link"
    assert one.origin == one.guid


def test_id_that_is_too_long_is_faulty() -> None:
    one, other = found(replace(FROST, guid="x" * 5000), replace(THAW, guid="x" * 5001))

    assert one.fault == "its id is 5,000 characters long; at most 1,000 are taken"
    assert len(one.origin) < 200
    assert one.origin != other.origin


def test_digest_is_of_the_content_whenever_it_is_from() -> None:
    dated = replace(FROST, published=datetime(2026, 11, 23, tzinfo=UTC), updated=None)

    assert content_digest(dated) == content_digest(FROST)
    assert content_digest(replace(FROST, tags=("ice",))) != content_digest(FROST)
