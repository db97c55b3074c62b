from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Engine, inspect, text

from publisher.errors import StoreError
from publisher.store import migrate as migrations
from publisher.store import suppressions
from publisher.store.engine import connect_sync
from publisher.store.migrate import migrate, require_current
from publisher.store.tables import metadata

SCRIPTS = Path(migrations.__file__).parent / "migrations"
HEAD = ScriptDirectory(str(SCRIPTS)).get_current_head()


@pytest.fixture
def engine(blank_url: str) -> Any:
    opened = connect_sync(blank_url, create=True)
    yield opened
    opened.dispose()


def tables(engine: Engine) -> list[str]:
    return sorted(inspect(engine).get_table_names())


def pretend_version(engine: Engine, version: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})


def allowed(constraint: str) -> set[str]:
    """The values that a CHECK allows, however a database writes it back."""
    return set(re.findall(r"'(\w+)'", constraint))


def test_fresh_database_is_brought_to_the_newest_version(blank_url: str, engine: Engine) -> None:
    versions = migrate(blank_url)

    assert versions == (None, HEAD)
    assert tables(engine) == sorted([*metadata.tables, "alembic_version"])


# Neither can reflect it on SQLite; the test below this one compares it as text.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based")
def test_tables_and_migrations_agree(blank_url: str, engine: Engine) -> None:
    migrate(blank_url)

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_indexes_and_their_conditions_are_the_same(blank_url: str, engine: Engine) -> None:
    """Alembic compares no index on an expression, and no condition of a partial one."""
    with engine.connect() as connection, connection.begin() as trial:
        metadata.create_all(connection)
        wanted = indexes(connection)
        trial.rollback()
    migrate(blank_url)

    with engine.connect() as connection:
        found = indexes(connection)

    assert found == wanted


def indexes(connection: Any) -> set[str]:
    query = (
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if connection.dialect.name == "sqlite"
        else "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    definitions = [" ".join(each.split()) for each in connection.execute(text(query)).scalars()]
    return {each for each in definitions if "alembic_version" not in each}


def test_checks_allow_the_same_values(blank_url: str, engine: Engine) -> None:
    migrate(blank_url)

    found = {
        str(check["name"]): allowed(check["sqltext"])
        for table in metadata.tables
        for check in inspect(engine).get_check_constraints(table)
    }

    assert found == {
        str(constraint.name): allowed(str(constraint.sqltext))
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }


def test_row_numbers_are_never_given_again(database_url: str) -> None:
    """An old token names a row number; it must not come to mean somebody else."""
    engine = connect_sync(database_url)
    add = text(
        "INSERT INTO subscribers (mailbox, address_key, name, created) "
        "VALUES ('a@b.c', 'a@b.c', '', '2026-01-01 00:00:00') RETURNING id"
    )
    with engine.begin() as connection:
        first = connection.execute(add).scalar_one()
        connection.execute(text("DELETE FROM subscribers"))
        second = connection.execute(add).scalar_one()
    engine.dispose()

    assert second > first


def test_migrating_again_is_harmless(blank_url: str, engine: Engine) -> None:
    migrate(blank_url)
    before = tables(engine)

    versions = migrate(blank_url)

    assert versions == (HEAD, HEAD)
    assert tables(engine) == before


def test_newer_database_is_refused_with_both_versions(blank_url: str, engine: Engine) -> None:
    migrate(blank_url)
    pretend_version(engine, "9999")

    with pytest.raises(StoreError, match=rf"version 9999, newer than this program's {HEAD}"):
        migrate(blank_url)
    with pytest.raises(StoreError, match=rf"version 9999, newer than this program's {HEAD}"):
        require_current(blank_url)


def test_database_without_tables_is_sent_to_migrate(blank_url: str, engine: Engine) -> None:
    engine.connect().close()

    with pytest.raises(StoreError, match=rf"version none, the program needs {HEAD}.*migrate"):
        require_current(blank_url)


def test_current_database_is_accepted(database_url: str) -> None:
    require_current(database_url)


def test_failed_migration_leaves_nothing_half_done(
    blank_url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F39: the step that fails and the ones before it are undone together."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_bytes((SCRIPTS / "env.py").read_bytes())
    for script in SCRIPTS.glob("versions/*.py"):
        (tmp_path / "versions" / script.name).write_bytes(script.read_bytes())
    (tmp_path / "versions" / "next.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        f"revision, down_revision = 'next', {HEAD!r}\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('id', sa.Integer))\n"
        "    raise RuntimeError('killed')\n",
        encoding="utf-8",
    )
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_SCRIPTS", tmp_path)
        with pytest.raises(RuntimeError, match="killed"):
            migrate(blank_url)

    assert tables(engine) == []
    assert migrate(blank_url) == (None, HEAD)


def test_origins_take_over_what_articles_were_known_by(blank_url: str, engine: Engine) -> None:
    migrate_to(engine, "0001")
    with engine.begin() as connection:
        for number, (state, by_hand) in enumerate(
            [("live", False), ("withdrawn", False), ("withdrawn", True)]
        ):
            connection.execute(text(AN_OLD_ARTICLE), old_article(number, state, by_hand=by_hand))

    migrate(blank_url)

    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT o.source, o.guid, o.origin, o.stamp, o.gone, a.slug, o.url_key,"
                " o.title_key"
                " FROM origins o JOIN articles a ON a.id = o.article_id ORDER BY o.guid"
            )
        ).all()
    assert [tuple(row) for row in found] == [
        (
            "newsroom",
            f"g{n}",
            f"{n}.md",
            f"stamp {n}",
            gone,
            f"slug-{n}",
            f"example.org/{n}",
            "tide",
        )
        for n, gone in enumerate([False, True, False])
    ]


def test_terms_are_made_of_what_articles_have(blank_url: str, engine: Engine) -> None:
    migrate_to(engine, "0001")
    with engine.begin() as connection:
        connection.execute(text(AN_OLD_ARTICLE), old_article(1, "live", by_hand=False))
        connection.execute(
            text(
                'UPDATE articles SET tags = \'["Night shift", "night-shift"]\','
                " authors = '[{\"name\": \"Qiu Wen\"}]', section = 'Economy'"
            )
        )

    migrate(blank_url)

    with engine.connect() as connection:
        found = connection.execute(text("SELECT kind, key FROM terms ORDER BY kind, key")).all()
    assert [tuple(row) for row in found] == [
        ("author", "qiu-wen"),
        ("language", "en"),
        ("section", "economy"),
        ("tag", "night-shift"),
    ]


def test_suppressions_keep_their_reasons_and_words(blank_url: str, engine: Engine) -> None:
    migrate_to(engine, "0014")
    with engine.begin() as connection:
        for key, reason in (("ann@example.org", "hard_bounce"), ("bob@example.org", "he asked")):
            connection.execute(
                text(
                    "INSERT INTO suppressions VALUES (:key, :reason, '2026-11-01 00:00:00+00:00')"
                ),
                {"key": key, "reason": reason},
            )

    migrate(blank_url)

    with engine.connect() as connection:
        secret = bytes(connection.execute(text("SELECT secret FROM keys")).scalar_one())
        found = connection.execute(
            text("SELECT address_key, reason, note, hash FROM suppressions ORDER BY id")
        ).all()
    assert [tuple(row) for row in found] == [
        (key, reason, note, suppressions.hashed(secret, key))
        for key, reason, note in (
            ("ann@example.org", "hard_bounce", ""),
            ("bob@example.org", "manual", "he asked"),
        )
    ]


AN_OLD_ARTICLE = (
    "INSERT INTO articles (source, guid, origin, stamp, fingerprint, uri, slug, url, title,"
    " summary, html, text, authors, contributors, tags, first_seen, changed, language,"
    " enclosures, state, by_hand) VALUES (:source, :guid, :origin, :stamp, '', :uri, :slug, :url,"
    " 'Tide', '', '', '', '[]', '[]', '[]', '2026-11-01 00:00:00+00:00',"
    " '2026-11-01 00:00:00+00:00', 'en', '[]', :state, :by_hand)"
)


def old_article(number: int, state: str, *, by_hand: bool) -> dict[str, object]:
    return {
        "source": "newsroom",
        "guid": f"g{number}",
        "origin": f"{number}.md",
        "stamp": f"stamp {number}",
        "uri": f"tag:example.org,2026:{number}",
        "slug": f"slug-{number}",
        "url": f"https://www.example.org/{number}?utm_source=rss",
        "state": state,
        "by_hand": by_hand,
    }


def migrate_to(engine: Engine, version: str) -> None:
    """Bring a blank database to an older version."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.execution_options(publisher_write=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
