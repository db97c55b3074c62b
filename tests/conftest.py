"""Fixtures that every test may use: databases, a clock, and a desk where a newsletter is made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Dialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache

from publisher.render import Templates
from publisher.store import engine, keys
from publisher.store.engine import Store, connect
from tests.rig.clock import SettableClock
from tests.rig.databases import KINDS, Databases
from tests.rig.desk import Desk

_STATEMENTS = 5000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Cover by SQLite alone: covering takes half as long again, and the code is the same."""
    for item in items:
        if isinstance(item, pytest.Function) and "postgresql" in item.name:
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """Compile a statement once for all databases of a kind, not once for each test.

    What is compiled is kept by engine, and within it by dialect; here each test has its own.
    """
    kept: dict[type[Dialect], Any] = {}

    def create(url: URL, **options: Any) -> AsyncEngine:
        made = create_async_engine(url, **options)
        own = made.sync_engine
        own._compiled_cache = kept.setdefault(type(own.dialect), LRUCache(_STATEMENTS))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "create_async_engine", create)
        patch.setattr(DefaultDialect, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(DefaultDialect, "__hash__", lambda one: hash(type(one)))
        yield


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    found = Databases(tmp_path_factory.mktemp("db"))
    yield found
    found.close()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database: a test that uses this runs on each."""
    named: str = request.param
    return named


@pytest.fixture
def blank_url(kind: str, databases: Databases) -> Iterator[str]:
    """A database that has no tables."""
    with databases.open(kind, migrated=False) as url:
        yield url


@pytest.fixture
def database_url(kind: str, databases: Databases) -> Iterator[str]:
    """A database at the present version, without a row."""
    with databases.open(kind, migrated=True) as url:
        yield url


@pytest.fixture
async def store(database_url: str, clock: SettableClock) -> AsyncIterator[Store]:
    """An open store on each database, with its signing key."""
    opened = connect(database_url)
    async with opened.write() as connection:
        await keys.ensure(connection, clock())
    yield opened
    await opened.close()


@pytest.fixture
async def second_store(store: Store, database_url: str) -> AsyncIterator[Store]:
    """Another process's view of the same database: connections and turns of its own."""
    opened = connect(database_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def short_templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The shipped templates and ``email/short``, which renders in no time."""
    folder = tmp_path_factory.mktemp("templates")
    _write_short_mail(folder / "email")
    return Templates(folder)


@pytest.fixture
def desk(store: Store, clock: SettableClock, short_templates: Templates) -> Desk:
    return Desk(store, clock, short_templates)


def _write_short_mail(folder: Path) -> None:
    folder.mkdir()
    line = "{% for article in articles %}{{ article.title }};{% endfor %}"
    for suffix in ("html", "txt"):
        (folder / f"short.{suffix}").write_text(
            f"{line} {{{{ more }}}} {{{{ unsubscribe_url }}}}\n", encoding="utf-8"
        )
