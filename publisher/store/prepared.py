"""Statements that are written once and run as text, for what a send repeats for every message.

To have SQLAlchemy look at a statement anew costs more than the database takes to run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    CursorResult,
    Dialect,
    FromClause,
    Select,
    Text,
    Update,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.types import TypeEngine


class Prepared:
    """A statement in the words of one database. Its parameters are given as the driver takes them.

    Nothing is converted: a time is no datetime here, but what the database keeps.
    """

    def __init__(self, statement: Select[Any] | Update, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._text = str(compiled)
        self._order: list[str] | None = compiled.positiontup
        self._constants: dict[str, Any] = compiled.params

    def run(self, connection: Connection, **given: str) -> CursorResult[Any]:
        """Run it with the values of its parameters."""
        values = self._constants | given
        if self._order is None:
            return connection.exec_driver_sql(self._text, values)
        return connection.exec_driver_sql(self._text, tuple(values[name] for name in self._order))


def told(dialect: Dialect, columns: Mapping[str, TypeEngine[Any]]) -> FromClause:
    """Give the rows that a parameter ``told`` tells as a JSON array of objects with these keys."""
    rows = bindparam("told", type_=Text)
    if dialect.name == "postgresql":
        named = (column(name, type) for name, type in columns.items())
        return (
            func.json_to_recordset(cast(rows, JSON))
            .table_valued(*named, name="told")
            .render_derived(with_types=True)
        )
    each = func.json_each(rows).table_valued("value", name="each")
    values: list[ColumnElement[Any]] = [
        func.json_extract(each.c.value, f"$.{name}", type_=type).label(name)
        for name, type in columns.items()
    ]
    return select(*values).subquery("told")


def told_time(dialect: Dialect, time: datetime) -> str:
    """Write a time as it stands in a column."""
    if dialect.name == "sqlite":
        return time.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return time.isoformat()
