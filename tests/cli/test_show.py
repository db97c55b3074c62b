"""How things are printed."""

from __future__ import annotations

import json

import pytest

from publisher.cli import show
from publisher.cli.show import Listing


def test_what_would_steer_a_terminal_is_made_visible(capsys: pytest.CaptureFixture[str]) -> None:
    show.say("a\x1b[2Jb\x9b2Jc\rd")

    assert "a\ufffd[2Jb\ufffd2Jc\ufffdd\n" == capsys.readouterr().out


def test_words_in_brackets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show.say("[red]stop[/red] :warning:")

    assert "[red]stop[/red] :warning:\n" == capsys.readouterr().out


def test_long_rows_are_neither_cut_nor_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    with Listing("title", "slug", as_json=False, empty="") as listing:
        listing.page([{"title": "word " * 100, "slug": "s"}])

    header, row = capsys.readouterr().out.splitlines()
    assert ["title", "slug"] == header.split()
    assert row.startswith("word " * 100)


def test_the_header_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    with Listing("n", as_json=False, empty="") as listing:
        listing.page([{"n": 1}])
        listing.page([{"n": 2}])

    assert ["n", "1", "2"] == capsys.readouterr().out.split()


def test_pages_are_one_json_array(capsys: pytest.CaptureFixture[str]) -> None:
    with Listing("n", as_json=True, empty="") as listing:
        listing.page([{"n": 1, "more": None}, {"n": 2, "more": "é"}])
        listing.page([{"n": 3, "more": ["x"]}])

    assert [1, 2, 3] == [row["n"] for row in json.loads(capsys.readouterr().out)]


def test_an_empty_listing_says_why_on_the_side(capsys: pytest.CaptureFixture[str]) -> None:
    with Listing("n", as_json=False, empty="Nothing yet.") as listing:
        listing.page([])

    assert ("", "Nothing yet.\n") == capsys.readouterr()


def test_colours_are_for_terminals_without_no_color(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    for name, value in (("NO_COLOR", "1"), ("FORCE_COLOR", "1")):
        monkeypatch.setenv(name, value)
        show.error("no")
        said.append(capsys.readouterr().err)
        monkeypatch.delenv(name)

    assert "error: no\n" == said[0]
    assert "\x1b[" in said[1]


@pytest.mark.parametrize(("count", "text"), [(1, "1 mail"), (0, "0 mails"), (1200, "1,200 mails")])
def test_counts_have_their_noun(count: int, text: str) -> None:
    assert text == show.number(count, "mail")
