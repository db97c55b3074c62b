"""What was written once is not written again, and nothing is ever stale."""

from __future__ import annotations

import pytest

from publisher import formats
from publisher.formats.channel import Entry
from publisher.model import Format
from publisher.store.tables import feed_documents
from tests.rig import builders
from tests.rig.builders import told
from tests.rig.desk import Desk

ATOM = builders.feed(formats=(Format.ATOM,))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles of all entries that are written from now on."""
    titles: list[str] = []
    fragment = formats.fragment

    def noting(format: Format, entry: Entry) -> bytes:
        titles.append(entry.title)
        return fragment(format, entry)

    monkeypatch.setattr(formats, "fragment", noting)
    return titles


async def test_one_changed_article_is_one_fragment(desk: Desk, written: list[str]) -> None:
    press = builders.press(desk, ATOM)
    await desk.bring("one", "two", "three")
    await press.publish()
    written.clear()
    desk.clock.advance(hours=1)
    desk.source.tells[1] = told("two", title="Corrected")
    await desk.take_in()

    await press.publish()

    assert written == ["Corrected"]


async def test_feeds_that_are_written_alike_share_fragments(desk: Desk, written: list[str]) -> None:
    await desk.bring("one", "two")

    await builders.press(desk, ATOM, builders.feed(slug="same", formats=ATOM.formats)).publish()

    assert sorted(written) == ["one", "two"]


async def test_summary_and_whole_text_are_two_fragments(desk: Desk, written: list[str]) -> None:
    await desk.bring("one")

    await builders.press(
        desk, ATOM, builders.feed(slug="short", full=False, formats=ATOM.formats)
    ).publish()

    assert written == ["one", "one"]


async def test_what_finds_no_room_is_written_again_and_the_same(
    desk: Desk, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    two = (ATOM, builders.feed(slug="short", full=False, formats=ATOM.formats))
    await desk.bring("one", "two", "three")
    whole = await builders.press(desk, *two).publish()
    monkeypatch.setattr("publisher.publish.fragments._MOST_BYTES", 10)
    press = builders.press(desk, *two)
    made = []
    for _ in range(2):
        async with desk.store.write() as connection:
            await connection.execute(feed_documents.delete())
        written.clear()
        made = await press.publish()

    assert [document.body for document in made] == [document.body for document in whole]
    assert sorted(written) == ["one", "one", "three", "three", "two", "two"]


async def test_places_of_entries_are_those_in_the_document(desk: Desk) -> None:
    await desk.bring("one", "two", "three")

    made = await builders.press(desk, builders.feed()).publish()

    for document in made:
        pieces = [document.body[span.start : span.end].decode() for span in document.spans]
        assert [
            title in piece for title, piece in zip(["three", "two", "one"], pieces, strict=True)
        ]
        assert all(piece[0] + piece[-1] in ("<>", "{}") for piece in pieces)
