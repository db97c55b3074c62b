"""`plan`: what readers would notice of a changed config, and nothing applied."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.rig.program import Site

Planned = Callable[..., str]


@pytest.fixture
def planned(loaded: Command, site: Site, tmp_path: Path) -> Planned:
    """Plan for the site's config with words replaced; give what is printed."""

    def of(*replaced: tuple[str, str]) -> str:
        text = site.config.read_text(encoding="utf-8")
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        changed = site.config.with_name("changed.toml")
        changed.write_text(text, encoding="utf-8")
        result = loaded("plan", str(changed))
        assert result.exit_code == 0, result.output
        return result.stdout

    return of


def test_same_config_changes_nothing(planned: Planned) -> None:
    assert planned() == "Nothing would change for readers.\n"


def test_config_that_is_in_force_changes_nothing(loaded: Command) -> None:
    assert loaded("plan").stdout == "Nothing would change for readers.\n"


def test_changed_schedule_is_told_with_its_readers_and_next_slot(
    loaded: Command, planned: Planned
) -> None:
    loaded("subscribers", "add", "ann@example.org", "--newsletter", "digest", "--confirmed")

    told = planned(('"0 7 * * *"', '"30 9 * * *"'))

    assert 'newsletter digest, daily: "0 7 * * *" would become "30 9 * * *" for 1 reader: ' in told
    assert " 09:30 " in told


def test_cadence_that_is_dropped_tells_who_is_left_behind(
    loaded: Command, planned: Planned
) -> None:
    loaded("subscribers", "add", "ann@example.org", "--newsletter", "digest", "--confirmed")

    told = planned(("daily = {", "nightly = {"))

    assert "newsletter digest, daily: its 1 reader would get no more issues.\n" in told
    assert "newsletter digest, nightly: it would begin: next on " in told


def test_plan_puts_nothing_into_force(loaded: Command, planned: Planned) -> None:
    planned(('"0 7 * * *"', '"30 9 * * *"'))

    assert loaded("plan").stdout == "Nothing would change for readers.\n"


def test_feed_that_is_dropped_is_told_with_the_way_out(planned: Planned) -> None:
    told = planned(('slug = "all"', 'slug = "everything"'))

    assert "feed all: its readers would find nothing (404); keep its table" in told
    assert "feed everything: it would begin at /feeds/everything.\n" in told


def test_feed_that_moves_or_ends_is_told_as_such(planned: Planned) -> None:
    moved = planned(('slug = "all"', 'formerly = ["all"]\nslug = "everything"'))
    ended = planned(('slug = "all"', 'retired = true\nslug = "all"'))

    assert "feed all: its readers would be sent to feed everything.\n" in moved
    assert ended == "feed all: its readers would be told that it has ended (410).\n"


def test_format_that_is_dropped_is_told(planned: Planned) -> None:
    told = planned(('slug = "all"', 'formats = ["rss"]\nslug = "all"'))

    assert told == "feed all: it would be there as atom, json no more (404).\n"


def test_selection_is_told_by_how_many_articles_it_covers(planned: Planned) -> None:
    told = planned(('slug = "all"', 'select = { tags = ["ports"] }\nslug = "all"'))

    expected = "feed all: it would select 0 articles of those that are here instead of 1.\n"
    assert told == expected


def test_source_that_comes_or_goes_is_told(planned: Planned) -> None:
    told = planned(('name = "newsroom"', 'name = "desk"'))

    assert "source desk: it would be loaded.\n" in told
    assert "source newsroom: it would be loaded no more; its 1 article would stay.\n" in told


def test_address_that_changes_is_told(planned: Planned, site: Site) -> None:
    told = planned((site.url, "https://moved.example.org"))

    assert "publication: every address would begin with https://moved.example.org" in told


def test_changes_are_told_to_programs(loaded: Command, site: Site, planned: Planned) -> None:
    planned(('slug = "all"', 'retired = true\nslug = "all"'))

    (change,) = json.loads(
        loaded("plan", str(site.config.with_name("changed.toml")), "--json").stdout
    )

    assert change["about"] == "feed all"


def test_faulty_config_is_refused_with_its_faults(loaded: Command, site: Site) -> None:
    faulty = site.config.with_name("faulty.toml")
    faulty.write_text("[publication]\n", encoding="utf-8")

    result = loaded("plan", str(faulty))

    assert 2 == result.exit_code
    assert "publication.title" in result.stderr
