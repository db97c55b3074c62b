"""`articles add`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.rig.program import Site

PUSH = """
[[sources]]
name = "{name}"
kind = "push"
token = "a-token-of-twenty-characters-or-more-{name}"
"""


@pytest.fixture
def pushed(loaded: Command, site: Site) -> Command:
    """A site that has a source of kind push as well."""
    add_source(site, "desk")
    return loaded


@pytest.fixture
def frost(tmp_path: Path) -> Path:
    file = tmp_path / "frost.md"
    file.write_text("# First frost\n\nIt froze.\n", encoding="utf-8")
    return file


def add_source(site: Site, name: str) -> None:
    with site.config.open("a", encoding="utf-8") as config:
        config.write(PUSH.format(name=name))


def shown(command: Command, slug: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(command("articles", "show", slug, "--json").stdout)
    return found


def test_file_is_taken_in_and_in_the_feeds_at_once(
    pushed: Command, site: Site, frost: Path, tmp_path: Path
) -> None:
    result = pushed("articles", "add", str(frost))

    first, *built = result.stdout.splitlines()
    assert (0, "") == (result.exit_code, result.stderr)
    assert f"{frost}: new, {site.url}/articles/first-frost" == first
    assert 3 == len([line for line in built if line.startswith("built ")])
    article = shown(pushed, "first-frost")
    assert ("desk", "frost.md", "live") == tuple(article[k] for k in ("source", "guid", "state"))


def test_file_that_is_added_again_is_unchanged_or_changed(pushed: Command, frost: Path) -> None:
    pushed("articles", "add", str(frost))

    same = pushed("articles", "add", str(frost))
    frost.write_text("# First frost\n\nIt thawed.\n", encoding="utf-8")
    edited = pushed("articles", "add", str(frost))

    assert ": unchanged, " in same.stdout
    assert "built " not in same.stdout
    assert ": changed, " in edited.stdout
    assert "built " in edited.stdout


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("frost.MD", "---\ntitle: First frost\nid: tag:example.org,2026:1\n---\nIt froze.\n"),
        ("frost.html", "<!doctype html><title>First frost</title><article><p>It froze.</article>"),
        ("frost.txt", "First frost\n\nIt froze.\n"),
    ],
)
def test_every_kind_of_file_is_read(pushed: Command, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    result = pushed("articles", "add", str(tmp_path / name))

    assert 0 == result.exit_code, result.output
    guid = shown(pushed, "first-frost")["guid"]
    assert guid == ("tag:example.org,2026:1" if name == "frost.MD" else name)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("# First frost\n", "there is a title and nothing below it"),
        ("---\ndate: soon\n---\n# Frost\n\nIt froze.\n", 'front matter line 2: "date" is "soon"'),
        ("---\ndraft: true\n---\n# Frost\n\nIt froze.\n", "says that it is a draft"),
        ("# Frost\n\n" + "<div>" * 300, "nested more than 250 levels deep"),
    ],
)
def test_file_that_cannot_be_published_is_rejected_with_the_reason(
    pushed: Command, frost: Path, text: str, reason: str
) -> None:
    frost.write_text(text, encoding="utf-8")

    result = pushed("articles", "add", str(frost))

    assert 1 == result.exit_code
    assert f"{frost}: rejected: " in result.stdout
    assert reason in result.stdout


def test_file_that_is_none_is_told(pushed: Command, tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    with (tmp_path / "large.md").open("wb") as large:
        large.truncate(10 * 1024 * 1024 + 1)

    for name, words in (
        ("missing.md", "missing.md cannot be read: No such file"),
        ("folder.md", "folder.md cannot be read: Is a directory"),
        ("large.md", "large.md is larger than 10 MB"),
        ("frost.docx", "is no article file; those end in .htm, .html, .markdown, .md, .txt"),
    ):
        result = pushed("articles", "add", str(tmp_path / name))

        assert (1, "") == (result.exit_code, result.stdout)
        assert words in result.stderr


def test_config_without_a_push_source_is_told_what_to_add(loaded: Command, frost: Path) -> None:
    result = loaded("articles", "add", str(frost))

    assert 1 == result.exit_code
    assert 'kind = "push"\ntoken_file = "push.token"' in result.stderr


def test_source_is_named_where_there_are_several(pushed: Command, site: Site, frost: Path) -> None:
    add_source(site, "agency")

    unclear = pushed("articles", "add", str(frost))
    other_kind = pushed("articles", "add", str(frost), "--source", "newsroom")
    named = pushed("articles", "add", str(frost), "--source", "agency")

    assert (2, 2, 0) == (unclear.exit_code, other_kind.exit_code, named.exit_code)
    assert "name one with --source: desk, agency" in unclear.stderr
    assert 'there is no source of kind "push" "newsroom"' in other_kind.stderr
    assert "agency" == shown(pushed, "first-frost")["source"]
