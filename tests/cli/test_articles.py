"""`ingest`, `feeds` and `articles`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.conftest import Command
from tests.rig.program import Site


def test_ingest_tells_counts_and_each_rejection(command: Command, site: Site) -> None:
    command("migrate")
    (site.articles / "empty.md").touch()

    result = command("ingest")

    lines = result.stdout.splitlines()
    assert "newsroom: 1 new, 0 changed, 0 unchanged, 0 withdrawn, 1 rejected" == lines[0]
    assert "  empty.md: the file is empty" == lines[1]
    assert [f"built {site.url}/feeds/all.{end}" for end in ("rss", "atom", "json")] == [
        line.rpartition(" (")[0] for line in lines[2:]
    ]
    assert (0, "") == (result.exit_code, result.stderr)


def test_ingest_fails_when_a_source_fails_as_a_whole(loaded: Command, site: Site) -> None:
    shutil.rmtree(site.articles)

    result = loaded("ingest")

    assert 1 == result.exit_code
    assert "cannot be read" in result.stderr


def test_ingest_names_the_nearest_source(loaded: Command) -> None:
    result = loaded("ingest", "--source", "newsrom")

    expected = 'error: there is no source "newsrom"; did you mean newsroom?\n'
    assert (2, expected) == (result.exit_code, result.stderr)


def test_articles_are_listed_for_programs(loaded: Command, site: Site) -> None:
    (row,) = json.loads(loaded("articles", "list", "--json").stdout)

    assert ("kept-promises", "live", "newsroom") == (row["slug"], row["state"], row["source"])
    assert f"{site.url}/articles/kept-promises" == row["url"]


def test_articles_are_listed_a_line_each(loaded: Command) -> None:
    header, row = loaded("articles", "list").stdout.splitlines()

    assert ["date", "state", "source", "slug", "title"] == header.split()
    assert row.endswith("  live   newsroom  kept-promises  Kept promises")


def test_an_article_is_shown_with_its_text(loaded: Command) -> None:
    shown = loaded("articles", "show", "kept-promises").stdout

    assert "published    the source does not say\n" in shown
    assert shown.endswith("\nWhat kept promises is about.\n")


def test_an_unknown_article_is_told(loaded: Command) -> None:
    result = loaded("articles", "show", "kept-secrets")

    assert 1 == result.exit_code
    assert 'no article has the slug "kept-secrets"' in result.stderr


def test_withdrawing_rebuilds_the_feeds_and_is_undone_by_release(
    loaded: Command, tmp_path: Path
) -> None:
    def published() -> bool:
        loaded("feeds", "build", "--out", str(tmp_path))
        return b"Kept promises" in (tmp_path / "feeds" / "all.rss").read_bytes()

    stands = []
    for word in ("withdraw", "release", "hold"):
        result = loaded("articles", word, "kept-promises")
        assert "built " in result.stdout
        stands.append(published())

    assert [False, True, False] == stands


def test_pin_and_unpin_are_shown(loaded: Command) -> None:
    def pinned() -> tuple[int, bool]:
        shown = json.loads(loaded("articles", "show", "kept-promises", "--json").stdout)
        return shown["weight"], shown["pinned"]

    stands = [pinned()]
    for word in ("pin", "unpin"):
        result = loaded("articles", word, "kept-promises")
        assert result.exit_code == 0
        stands.append(pinned())

    assert [(0, False), (0, True), (0, False)] == stands
    assert "pinned       no\n" in loaded("articles", "show", "kept-promises").stdout
