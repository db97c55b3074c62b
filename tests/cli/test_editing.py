"""`issues edit`, and the same options of `issues build`."""

from __future__ import annotations

import json
import os

import pytest

from tests.cli.conftest import Command
from tests.rig.program import Site


@pytest.fixture
def read(command: Command, site: Site) -> Command:
    """A site with three articles, the last of them withdrawn, and one reader."""
    for name in ("tide", "lamp"):
        site.write(name, name.capitalize())
        os.utime(site.articles / f"{name}.md", (0, 0))  # nobody writes at it any more
    for words in (
        ("migrate",),
        ("ingest",),
        ("articles", "withdraw", "lamp"),
        ("subscribers", "add", "ann@example.org", "--newsletter=digest", "--confirmed"),
    ):
        assert 0 == command(*words).exit_code
    return command


def test_edits_are_kept_shown_and_used_once(read: Command, site: Site) -> None:
    word = site.folder / "word.md"
    word.write_text("Good *day*.", encoding="utf-8")
    assert 0 == read("issues", "edit", "digest", "--exclude", "tide").exit_code

    edited = read("issues", "edit", "digest", "--order", "kept-promises", "--intro", str(word))

    assert "digest, daily: the next issue\n  excluded  tide\n" in edited.stdout
    kept = {
        "included": [],
        "excluded": ["tide"],
        "first": ["kept-promises"],
        "intro": "Good *day*.",
    }
    (row,) = json.loads(read("issues", "edit", "digest", "--json").stdout)
    assert kept == {key: row[key] for key in kept}
    foretold = read("issues", "build", "digest", "--dry-run", "--include", "tide").stdout
    assert foretold.endswith("  Kept promises\n  Tide\n")
    assert "for 1 reader" in read("issues", "build", "digest").stdout
    assert "excluded    tide\n" in read("issues", "show", "1").stdout
    assert "the next issue is as it comes" in read("issues", "edit", "digest").stdout
    refused = read("issues", "edit", "1", "--exclude", "kept-promises")
    assert (2, True) == (refused.exit_code, "issue 1 is open; only one" in refused.stderr)


def test_clear_drops_what_was_decided(read: Command) -> None:
    read("issues", "edit", "digest", "--exclude", "tide")

    cleared = read("issues", "edit", "digest", "--clear")

    assert "digest, daily: the next issue is as it comes.\n" == cleared.stdout


def test_what_would_be_in_vain_is_said(read: Command) -> None:
    read("issues", "build", "digest")  # ann has both

    edited = read("issues", "edit", "digest", "--order", "tide")

    assert "tide is not in it as things stand.\n" in edited.stderr


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("--include", "tied"), 1, 'no article has the slug "tied"'),
        (("--include", "lamp"), 1, "lamp is withdrawn, and so in no issue"),
        (("--order", "tide,kept-promises,tide"), 2, "--order names tide twice"),
        (("--order", "tide", "--exclude", "tide"), 2, "tide cannot be left out and be in"),
        (("--intro", "none.md"), 1, "none.md: there is no file"),
        (("--intro", "{folder}/empty.md"), 1, "empty.md: says nothing"),
        (("--intro", "{folder}/latin.md"), 1, "latin.md:1: is not UTF-8"),
        (("--cadence", "dayly", "--order", "tide"), 2, "did you mean daily?"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_changes_nothing(
    read: Command, site: Site, words: tuple[str, ...], code: int, reason: str
) -> None:
    (site.folder / "empty.md").write_bytes(b"\n<!-- later -->\n")
    (site.folder / "latin.md").write_bytes(b"Gr\xfc\xdfe")
    options = [word.format(folder=site.folder) for word in words]

    for command in ("edit", "build"):
        refused = read("issues", command, "digest", *options)
        assert (code, True) == (refused.exit_code, reason in refused.stderr)

    assert "as it comes" in read("issues", "edit", "digest").stdout
    assert "[]\n" == read("issues", "list", "--json").stdout
