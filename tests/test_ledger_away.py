"""What becomes of a send whose ledger cannot be written, or is not there: F24 and F25.

No mail leaves without a mark that is durable, a failure is never taken for an empty ledger, and
when the database is back everything goes out once.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, make_url
from structlog.testing import capture_logs
from structlog.typing import EventDict

from publisher.deliver import Sent
from publisher.errors import StoreError
from publisher.model import IssueState
from publisher.sqlite import sqlite3
from publisher.store import engine
from publisher.store.engine import Store, connect
from tests.rig.desk import Desk
from tests.rig.post import Post, everybody
from tests.rig.program import until
from tests.rig.script import in_turn, say
from tests.rig.smtp import SmtpRig

NAMES = [f"p{number}" for number in range(5)]


@pytest.fixture
async def rig() -> AsyncIterator[SmtpRig]:
    async with SmtpRig() as running:
        yield running


@pytest.fixture
def post(desk: Desk, rig: SmtpRig) -> Post:
    return Post(desk, rig)


def file_of(url: str) -> Path:
    return Path(make_url(url).database or "")


def elsewhere(url: str) -> psycopg.Connection:
    """Connect to another database of a PostgreSQL server."""
    other = make_url(url).set(database="postgres").render_as_string(hide_password=False)
    return psycopg.connect(other, autocommit=True)


@contextmanager
def told_to_all(url: str, begin: str, end: str) -> Iterator[None]:
    """Have a PostgreSQL server do something about a database, and undo it."""
    name = sql.Identifier(make_url(url).database or "")
    with elsewhere(url) as admin:
        admin.execute(sql.SQL(begin).format(name))
        yield
        admin.execute(sql.SQL(end).format(name))


@contextmanager
def gone(store: Store, url: str) -> Iterator[None]:
    if url.startswith("sqlite"):
        file = file_of(url)
        file.rename(file.with_suffix(".away"))
        yield
        file.with_suffix(".away").rename(file)
    else:
        with told_to_all(
            url,
            "ALTER DATABASE {} ALLOW_CONNECTIONS false",
            "ALTER DATABASE {} ALLOW_CONNECTIONS true",
        ):
            yield


@contextmanager
def read_only(store: Store, url: str) -> Iterator[None]:
    if url.startswith("sqlite"):
        sync = store._engine.sync_engine
        event.listen(sync, "connect", _query_only)
        yield
        event.remove(sync, "connect", _query_only)
    else:
        with told_to_all(
            url,
            "ALTER DATABASE {} SET default_transaction_read_only = on",
            "ALTER DATABASE {} RESET default_transaction_read_only",
        ):
            yield


def _query_only(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")


@pytest.mark.parametrize("fault", [gone, read_only])
async def test_ledger_that_fails_is_not_taken_for_an_empty_one(
    post: Post, database_url: str, fault: Callable[[Store, str], AbstractContextManager[None]]
) -> None:
    """F24."""
    issue = await post.issue_for(*NAMES)
    await post.desk.bring("two")
    later = await post.desk.occur()
    whole, post.desk.store = post.desk.store, connect(database_url)

    with fault(post.desk.store, database_url):
        with pytest.raises(StoreError):
            await post.send()
        with pytest.raises(StoreError):
            await post.desk.compose(later, post.desk.store)
        await post.desk.store.close()
    post.desk.store = whole

    assert post.arrived() == Counter()
    assert (await post.desk.issue(later.id)).state is not IssueState.EMPTY
    assert await post.send() == Sent(accepted=5)
    assert await post.desk.balance(issue) == everybody(5, accepted=5)


async def tries_again(logs: Sequence[EventDict]) -> bool:
    return "ledger not written, trying again" in [entry["event"] for entry in logs]


async def send_with_failing_mark(
    post: Post, begin: Callable[[], object], end: Callable[[], object]
) -> None:
    """Send, and let the database fail when the second content is about to leave, for a while."""
    fails = asyncio.Event()
    post.rig.scripts.append(in_turn("DATA", None, say(354, "go on", after=fails)))
    post.connections = 1
    issue = await post.issue_for(*NAMES)
    with capture_logs() as logs:
        sending = asyncio.create_task(post.send())
        await post.rig.until_asked("DATA", 2)
        begin()
        try:
            fails.set()
            await until(lambda: tries_again(logs))
            assert post.rig.count("CONTENT") == 1
        finally:
            end()
        sent = await sending

    assert sent == Sent(accepted=5)
    assert post.arrived() == Counter(NAMES)
    assert await post.desk.balance(issue) == everybody(5, accepted=5)


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_content_waits_while_the_ledger_is_locked(
    post: Post, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F24."""
    monkeypatch.setattr(engine, "_BUSY_TIMEOUT_SECONDS", 0)  # of the marks, which come later
    other = sqlite3.connect(file_of(database_url), isolation_level=None)

    await send_with_failing_mark(post, lambda: other.execute("BEGIN IMMEDIATE"), other.close)


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_content_waits_when_the_ledger_hangs_up(
    post: Post, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F24."""
    monkeypatch.setenv("PGAPPNAME", "marks")  # of the connection that comes with the first of them
    hang_up = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'marks'"
    )
    with psycopg.connect(database_url, autocommit=True, application_name="admin") as admin:
        await send_with_failing_mark(post, lambda: admin.execute(hang_up), lambda: None)


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process become longer than it must not be here: a page."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_content_waits_for_room_on_the_disk(post: Post) -> None:
    """F25: the mark cannot be written whole."""
    disk = full_disk()

    await send_with_failing_mark(post, disk.__enter__, lambda: disk.__exit__(None, None, None))


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_nothing_is_claimed_on_a_full_disk(post: Post, database_url: str) -> None:
    """F25: the failure is told by the name of the database, and nothing is lost."""
    issue = await post.issue_for(*NAMES)

    with full_disk(), pytest.raises(StoreError, match=file_of(database_url).name):
        await post.send()

    assert post.rig.moments == []
    assert await post.send() == Sent(accepted=5)
    assert await post.desk.balance(issue) == everybody(5, accepted=5)
