"""`sources list`, `release` and `discard`."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Command
from tests.rig.program import Site


@pytest.fixture
def flooded(loaded: Command, site: Site) -> Command:
    """A folder of twenty articles into which somebody has copied an archive of thirty."""
    for number in range(20):
        site.write(f"known-{number}", f"Known number {number}")
    loaded("ingest")
    for number in range(30):
        site.write(f"flood-{number}", f"Flood number {number}")
    return loaded


def shown(site: Site, command: Command) -> str:
    command("feeds", "build", "--out", str(site.folder / "public"))
    return (site.folder / "public" / "feeds" / "all.json").read_text(encoding="utf-8")


def test_list_tells_how_each_source_fares(loaded: Command, site: Site) -> None:
    (site.articles / "empty.md").touch()
    loaded("ingest")

    result = loaded("sources", "list")

    assert "newsroom" in result.stdout
    assert "newsroom: empty.md: the file is empty" in result.stdout


def test_failure_is_told_with_its_reason_and_the_next_try(loaded: Command, site: Site) -> None:
    site.articles.rename(site.folder / "elsewhere")
    ingested = loaded("ingest")

    (source,) = json.loads(loaded("sources", "list", "--json").stdout)

    assert ingested.exit_code == 1
    assert source["failures"] == 1
    assert "cannot be read (No such file or directory)" in source["error"]
    assert "failed once: source" in loaded("status").stdout


def test_flood_is_told_and_held(flooded: Command, site: Site) -> None:
    result = flooded("ingest")

    assert "newsroom: 0 new, 0 changed, 21 unchanged, 0 withdrawn, 0 rejected, 30 held" in (
        result.stdout
    )
    assert "alarm: 30 of 51 articles that it told look new" in result.stdout
    assert "`publisher sources release newsroom`" in flooded("status").stdout
    assert "Flood number" not in shown(site, flooded)


def test_released_articles_are_shown(flooded: Command, site: Site) -> None:
    flooded("ingest")

    result = flooded("sources", "release", "newsroom")

    assert result.stdout.startswith("newsroom: 30 articles released")
    assert "Flood number" in shown(site, flooded)
    assert "alarm" not in flooded("status").stdout


def test_discarded_articles_stay_away(flooded: Command, site: Site) -> None:
    flooded("ingest")

    result = flooded("sources", "discard", "newsroom")
    flooded("ingest")

    assert result.stdout.startswith("newsroom: 30 articles discarded")
    assert "Flood number" not in shown(site, flooded)
    assert "alarm" not in flooded("status").stdout


def test_source_that_the_config_does_not_name_is_refused(loaded: Command) -> None:
    result = loaded("sources", "release", "newsrom")

    assert result.exit_code != 0
    assert "newsroom" in result.stderr
