"""`feeds build --out`: the whole public side as files, each only when it has changed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from starlette.responses import PlainTextResponse

from tests.cli.conftest import Command
from tests.rig.program import Site


@pytest.fixture
def out(loaded: Command, tmp_path: Path) -> Path:
    """The folder after a first export."""
    result = loaded("feeds", "build", "--out", str(tmp_path / "public"))
    assert result.exit_code == 0, result.stderr
    return tmp_path / "public"


def state(out: Path) -> dict[Path, tuple[int, int]]:
    return {
        path: (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in out.rglob("*.*")
        if path.is_file() and path.name != ".publisher.json"
    }


def test_feeds_and_pages_are_there_plain_and_packed(out: Path) -> None:
    for name in (
        "index.html",
        "feeds/all.rss",
        "feeds/all.atom",
        "feeds/all.json",
        "feeds/all/index.html",
        "articles/kept-promises/index.html",
        "newsletters/digest/index.html",
        "robots.txt",
        "sitemap.xml",
    ):
        plain = (out / name).read_bytes()
        assert plain == gzip.decompress((out / f"{name}.gz").read_bytes())
        assert plain == brotli.decompress((out / f"{name}.br").read_bytes())
    assert b"Kept promises" in (out / "feeds/all.atom").read_bytes()


def test_files_that_have_not_changed_are_not_touched(loaded: Command, out: Path) -> None:
    before = state(out)

    result = loaded("feeds", "build", "--out", str(out))

    assert "0 written" in result.stdout
    assert before == state(out)


def test_packed_form_that_was_lost_is_made_again(loaded: Command, out: Path) -> None:
    lost = out / "feeds" / "all.atom.br"
    lost.unlink()

    loaded("feeds", "build", "--out", str(out))

    assert lost.is_file()


def test_time_of_a_feed_is_that_of_its_last_change(loaded: Command, out: Path) -> None:
    """A server of files tells it as Last-Modified."""
    before = (out / "feeds/all.atom").stat().st_mtime
    (out / "feeds/all.atom").unlink()

    loaded("feeds", "build", "--out", str(out))

    assert before == (out / "feeds/all.atom").stat().st_mtime


def test_page_of_a_withdrawn_article_is_removed_and_nothing_else(
    loaded: Command, out: Path
) -> None:
    mine = out / "articles" / "mine.html"
    mine.write_text("put here by somebody else")

    loaded("articles", "withdraw", "kept-promises")
    result = loaded("feeds", "build", "--out", str(out))

    assert "1 removed" in result.stdout
    assert list((out / "articles" / "kept-promises").iterdir()) == []
    assert mine.is_file()
    assert b"Kept promises" not in (out / "feeds/all.rss").read_bytes()


def test_page_that_cannot_be_had_now_is_not_taken_for_gone(
    loaded: Command, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(out)
    busy = PlainTextResponse("Try again shortly.", status_code=503)
    monkeypatch.setattr("publisher.web.app.application", lambda _: busy)

    result = loaded("feeds", "build", "--out", str(out))

    assert "0 written, 0 unchanged, 0 removed" in result.stdout
    assert before == state(out)
    assert "/feeds/all.rss" in json.loads((out / ".publisher.json").read_bytes())


def test_long_list_of_files_is_cut(loaded: Command, tmp_path: Path, site: Site) -> None:
    for number in range(30):
        (site.articles / f"{number}.md").write_text(f"---\ntitle: N{number}\n---\nText.\n")
    loaded("ingest")

    result = loaded("feeds", "build", "--out", str(tmp_path / "public"))

    assert len(result.stdout.splitlines()) < 30
    assert "more\n" in result.stdout


@pytest.mark.parametrize("note", ["", "{}", '["/../secret.txt", 7, "x"]', "\0"])
def test_damaged_note_leads_nowhere(loaded: Command, out: Path, note: str) -> None:
    secret = out.parent / "secret.txt"
    secret.write_text("mine")
    (out / ".publisher.json").write_text(note)

    result = loaded("feeds", "build", "--out", str(out))

    assert 0 == result.exit_code
    assert secret.is_file()
    assert "/feeds/all.rss" in json.loads((out / ".publisher.json").read_bytes())


def test_folder_that_cannot_be_written_is_told(loaded: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    result = loaded("feeds", "build", "--out", str(tmp_path / "file"))

    assert 1 == result.exit_code
    assert "cannot be written" in result.stderr


def test_export_needs_no_address_to_be_reached(loaded: Command, out: Path, site: Site) -> None:
    """Nobody listens: what is written comes from the application itself."""
    assert f"{site.url}/feeds/all.rss".encode() in (out / "index.html").read_bytes()
