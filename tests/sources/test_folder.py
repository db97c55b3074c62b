from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from publisher.errors import SourceError
from publisher.model import Publication, Rejection, SourceArticle, Unchanged, Unseen
from publisher.sources.folder import FolderSource, Settings
from tests.rig.visits import visit

QUIET = 1_780_000_000.0
NOBODY = 65534

Told = list[SourceArticle | Unchanged | Unseen | Rejection]
Tell = Callable[..., Awaitable[Told]]


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that any user may reach, unlike tmp_path (see `as_somebody`)."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def as_somebody() -> Iterator[None]:
    """Give up root's right to read everything for a while; nothing changes for others."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def write(root: Path) -> Callable[..., Path]:
    def write(name: str, content: str | bytes = "# T\n\nText.\n", modified: float = QUIET) -> Path:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (modified, modified))
        return path

    return write


class Watch:
    """A clock that moves only when somebody sleeps; ``meanwhile`` happens in each sleep."""

    def __init__(self) -> None:
        self.seconds = QUIET + 3600
        self.slept = 0.0
        self.meanwhile: Callable[[], object] = lambda: None

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.slept += seconds
        self.meanwhile()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def tell(root: Path, publication: Publication, watch: Watch) -> Tell:
    async def tell(known: Mapping[str, str] | None = None) -> Told:
        source = FolderSource(
            "newsroom", Settings(path=root), publication, now=watch.now, sleep=watch.sleep
        )
        return [told async for told in source.articles(visit(known))]

    return tell


def reasons(told: Told) -> dict[str, str]:
    return {one.origin: one.reason for one in told if isinstance(one, Rejection)}


async def test_articles_are_told_recursively_by_path(
    tell: Tell, write: Callable[..., Path]
) -> None:
    for name in ("b.md", "a/z.HTML", "a/b/c.markdown", "c.htm", "a.txt"):
        write(name, "<h1>T</h1><p>Text.</p>" if "htm" in name.lower() else "# T\n\nText.\n")

    told = await tell()

    assert [one.origin for one in told] == ["a.txt", "a/b/c.markdown", "a/z.HTML", "b.md", "c.htm"]
    assert [one.guid for one in told if isinstance(one, SourceArticle)] == [
        "a.txt", "a/b/c.markdown", "a/z.HTML", "b.md", "c.htm",
    ]  # fmt: skip


async def test_guid_of_the_front_matter_wins(tell: Tell, write: Callable[..., Path]) -> None:
    write("a.md", "---\ntitle: T\nguid: tag:example.org,2026:t\n---\nText.\n")

    (article,) = await tell()

    assert isinstance(article, SourceArticle)
    assert article.guid == "tag:example.org,2026:t"


@pytest.mark.parametrize(
    "name",
    [".hidden.md", "a.md~", ".a.md.swp", "#a.md#", ".#a.md", "a.png", "a", "a.md.bak", ".git/a.md"],
)
async def test_what_is_no_article_is_passed_over(
    name: str, tell: Tell, write: Callable[..., Path]
) -> None:
    write(name)

    assert await tell() == []


async def test_draft_is_not_told(tell: Tell, write: Callable[..., Path]) -> None:
    write("a.md", "---\ntitle: T\ndraft: true\n---\nText.\n")

    assert await tell() == []


async def test_nothing_outside_the_folder_is_read(
    tell: Tell, root: Path, tmp_path: Path, write: Callable[..., Path]
) -> None:
    secret = write("../secret.md")
    (root / "file.md").symlink_to(secret)
    (root / "folder").symlink_to(tmp_path)
    (root / "loop.md").symlink_to("loop.md")
    (root / "nowhere.md").symlink_to("gone.md")
    (root / "self").symlink_to(".")
    write("good.md")
    (root / "inside.md").symlink_to("good.md")

    told = await tell()

    assert [one.origin for one in told if isinstance(one, SourceArticle)] == [
        "good.md",
        "inside.md",
    ]
    assert reasons(told) == {
        "file.md": "this is a link that leads out of the folder; put the file itself there",
        "folder": "this is a link that leads out of the folder; put the file itself there",
        "loop.md": "this is a link that leads nowhere; put the file itself there",
        "nowhere.md": "this is a link that leads nowhere; put the file itself there",
        "self": "this is a link to a folder;"
        " those are not followed, so put the folder itself there",
    }


async def test_what_is_no_file_is_rejected(
    tell: Tell, root: Path, write: Callable[..., Path]
) -> None:
    os.mkfifo(root / "pipe.md")
    write("folder.md/inside.md")

    assert reasons(await tell()) == {
        "pipe.md": "this is no regular file but a pipe, socket or device",
        "folder.md": "this is a folder with the name of an article; rename it",
    }


async def test_huge_file_is_rejected_unread(tell: Tell, write: Callable[..., Path]) -> None:
    path = write("a.txt", "")
    os.truncate(path, 50 * 1024 * 1024)
    os.utime(path, (QUIET, QUIET))

    assert reasons(await tell()) == {"a.txt": "the file is 50.0 MB large; at most 10 MB are read"}


async def test_name_that_is_not_utf8_is_rejected(tell: Tell, write: Callable[..., Path]) -> None:
    write(os.fsdecode(b"caf\xe9.md"))

    assert reasons(await tell()) == {"caf\ufffd.md": "the name is not UTF-8; rename it"}


async def test_unreadable_file_is_tried_again_on_every_pass(
    tell: Tell, write: Callable[..., Path]
) -> None:
    path = write("a.md")
    path.chmod(0)
    with as_somebody():
        (rejection,) = await tell()
    path.chmod(0o644)

    told = await tell({"a.md": rejection.stamp} if isinstance(rejection, Rejection) else {})

    assert [type(one) for one in told] == [SourceArticle]


async def test_articles_in_an_unreadable_folder_have_not_gone(
    tell: Tell, write: Callable[..., Path]
) -> None:
    folder = write("a/b.md").parent
    write("c.md")
    folder.chmod(0)

    with as_somebody():
        told = await tell({"a/b.md": "stamp"})

    folder.chmod(0o755)
    assert [(type(one), one.origin) for one in told] == [
        (Rejection, "a"),
        (Unseen, "a/"),
        (SourceArticle, "c.md"),
    ]


async def test_fresh_file_is_told_once_it_is_quiet(
    tell: Tell, write: Callable[..., Path], watch: Watch
) -> None:
    write("a.md", modified=watch.now() - 0.25)
    write("b.md", modified=watch.now() - 0.25)

    told = await tell()

    assert [one.origin for one in told] == ["a.md", "b.md"]
    assert watch.slept == pytest.approx(0.75)


async def test_file_that_is_being_written_is_told_whole(
    tell: Tell, write: Callable[..., Path], watch: Watch
) -> None:
    write("a.md", "# Half", modified=watch.now())

    def finish() -> None:
        write("a.md", "# Whole\n\nText.\n", modified=watch.now() - 1)

    watch.meanwhile = finish

    (article,) = await tell()

    assert isinstance(article, SourceArticle)
    assert (article.title, article.html) == ("Whole", "<p>Text.</p>\n")


@pytest.mark.parametrize(
    ("known", "told"), [({}, []), ({"a.md": "old"}, [Unchanged(origin="a.md")])]
)
async def test_file_that_never_rests_is_left_for_the_next_pass(
    known: dict[str, str], told: Told, tell: Tell, write: Callable[..., Path], watch: Watch
) -> None:
    write("a.md", modified=watch.now())
    watch.meanwhile = lambda: write("a.md", modified=watch.now())

    assert await tell(known) == told
    assert watch.slept == 3.0


async def test_file_from_a_wrong_clock_is_not_waited_for(
    tell: Tell, write: Callable[..., Path], watch: Watch
) -> None:
    write("a.md", modified=watch.now() + 3600)

    assert [type(one) for one in await tell()] == [SourceArticle]
    assert watch.slept == 0


async def test_file_that_goes_during_the_pass_is_not_told(
    tell: Tell, write: Callable[..., Path], watch: Watch
) -> None:
    write("a.md", modified=watch.now() - 0.5)
    gone = write("b.md")
    watch.meanwhile = gone.unlink

    assert [one.origin for one in await tell()] == ["a.md"]


async def test_settings_that_change_the_reading_change_the_stamp(
    write: Callable[..., Path], root: Path, publication: Publication
) -> None:
    write("a.txt", "T\n\nText.")
    elsewhere = replace(publication, timezone=ZoneInfo("Europe/Berlin"))

    stamps = {
        one.stamp
        for site in (publication, elsewhere)
        async for one in FolderSource("x", Settings(path=root), site).articles(visit())
        if isinstance(one, SourceArticle)
    }

    assert len(stamps) == 2


@pytest.mark.parametrize("name", ["missing", "file.md"])
async def test_root_that_is_no_folder_is_an_error(
    name: str, write: Callable[..., Path], root: Path, publication: Publication
) -> None:
    write("file.md")
    source = FolderSource("newsroom", Settings(path=root / name), publication)

    with pytest.raises(SourceError, match=r'source "newsroom": the folder .* cannot be read'):
        await anext(source.articles(visit()))


async def test_sample_articles_are_all_told(publication: Publication) -> None:
    samples = Path(__file__).parents[2] / "examples" / "articles"

    told = [
        one
        async for one in FolderSource("x", Settings(path=samples), publication).articles(visit())
    ]

    assert reasons(told) == {}
    articles = [one for one in told if isinstance(one, SourceArticle)]
    assert 5 <= len(articles) <= 7
    assert {one.published.year for one in articles if one.published} == {2026}
    assert any("labour" in one.tags for one in articles)
