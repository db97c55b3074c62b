"""Bring a database to this version of the program. Forward only, one transaction a step."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from publisher.errors import StoreError
from publisher.store.engine import connect_sync, is_failure, named

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(url: str) -> tuple[str | None, str]:
    """Run every migration that is missing; give the versions before and after.

    Raises StoreError when the database is newer than the program, or cannot be opened.
    """
    # Here, since it is large, and everything else only asks for the version.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    engine = connect_sync(url, create=True)
    try:
        with engine.execution_options(publisher_write=True).begin() as connection:
            before = _version(connection)
            _refuse_newer(before)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            after = _version(connection)
    except DBAPIError as error:
        if not is_failure(error):
            raise
        raise StoreError(f"{named(engine.url)}: {error.orig}") from error
    finally:
        engine.dispose()
    return before, after or ""


def require_current(url: str) -> None:
    """Raise StoreError unless the database is exactly of this version."""
    engine = connect_sync(url)
    try:
        with engine.connect() as connection:
            found = _version(connection)
    except DBAPIError as error:
        if not is_failure(error):
            raise
        raise StoreError(f"{named(engine.url)}: {error.orig}") from error
    finally:
        engine.dispose()
    _refuse_newer(found)
    needed = _known()[-1]
    if found != needed:
        raise StoreError(
            f"the database is at version {found or 'none'}, the program needs {needed}:"
            " run `publisher migrate`"
        )


def _version(connection: Connection) -> str | None:
    """Give the version that Alembic has noted, None before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _known() -> list[str]:
    """List the versions that this program knows: the names of their files begin with them."""
    files = (_SCRIPTS / "versions").glob("*_*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def _refuse_newer(found: str | None) -> None:
    known = _known()
    if found is not None and found not in known:
        raise StoreError(
            f"the database is at version {found}, newer than this program's {known[-1]}:"
            " upgrade the program"
        )
