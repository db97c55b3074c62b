"""Bring a database to this version of the program. Forward only, one transaction a step."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError

from publisher.errors import StoreError
from publisher.store.engine import connect_sync, is_failure, named


def migrate(url: str) -> tuple[str | None, str]:
    """Run every migration that is missing; give the versions before and after.

    Raises StoreError when the database is newer than the program, or cannot be opened.
    """
    config, scripts = _alembic()
    engine = connect_sync(url, create=True)
    try:
        with engine.execution_options(publisher_write=True).begin() as connection:
            before = MigrationContext.configure(connection).get_current_revision()
            _refuse_newer(before, scripts)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            after = MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        if not is_failure(error):
            raise
        raise StoreError(f"{named(engine.url)}: {error.orig}") from error
    finally:
        engine.dispose()
    return before, after or ""


def require_current(url: str) -> None:
    """Raise StoreError unless the database is exactly of this version."""
    _, scripts = _alembic()
    engine = connect_sync(url)
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        if not is_failure(error):
            raise
        raise StoreError(f"{named(engine.url)}: {error.orig}") from error
    finally:
        engine.dispose()
    _refuse_newer(found, scripts)
    if found != scripts.get_current_head():
        raise StoreError(
            f"the database is at version {found or 'none'}, the program needs "
            f"{scripts.get_current_head()}: run `publisher migrate`"
        )


def _alembic() -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config, ScriptDirectory.from_config(config)


def _refuse_newer(found: str | None, scripts: ScriptDirectory) -> None:
    if found is None:
        return
    try:
        scripts.get_revision(found)
    except (ResolutionError, CommandError) as error:
        raise StoreError(
            f"the database is at version {found}, newer than this program's "
            f"{scripts.get_current_head()}: upgrade the program"
        ) from error
