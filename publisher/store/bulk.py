"""Thousands of values in one statement, as one parameter.

A parameter for each value costs more in writing the statement than the database takes to run
it, and both databases count them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    any_,
    cast,
    column,
    false,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine


def among(
    connection: AsyncConnection, place: ColumnElement[int], ids: Collection[int]
) -> ColumnElement[bool]:
    """Say whether a column holds one of these ids."""
    if not ids:
        return false()
    if connection.dialect.name == "postgresql":
        # Its planner takes a list that it cannot see for a short one, and would go through it
        # again for each row of another table. That it is a range leads it to the index.
        return place.between(min(ids), max(ids)) & (place == any_(_array(ids)))
    each = func.json_each(json.dumps(list(ids))).table_valued("value")
    return place.in_(select(each.c.value))


def among_texts(
    connection: AsyncConnection, place: ColumnElement[str], texts: Collection[str]
) -> ColumnElement[bool]:
    """Say whether a column holds one of these texts."""
    listed = literal(json.dumps(list(texts)), Text)
    if connection.dialect.name == "postgresql":
        return place.in_(select(func.json_array_elements_text(cast(listed, JSON)).column_valued()))
    return place.in_(select(func.json_each(listed).table_valued("value").c.value))


def pairs(connection: AsyncConnection, pairs: Mapping[int, int]) -> FromClause:
    """Give a mapping as rows of ``key`` and ``value``, in its order."""
    if connection.dialect.name == "postgresql":
        return (
            func.unnest(_array(pairs.keys()), _array(pairs.values()))
            .table_valued(column("key", BigInteger), column("value", BigInteger))
            .render_derived()
        )
    each = func.json_each(json.dumps(list(pairs.items()))).table_valued("value", name="pair")
    key, value = (func.json_extract(each.c.value, f"$[{place}]") for place in (0, 1))
    return select(key.label("key"), value.label("value")).subquery()


def numbered(connection: AsyncConnection, numbers: Mapping[str, int]) -> FromClause:
    """Give a mapping as rows of ``key`` and ``value``; keys hold nothing that JSON escapes."""
    listed = literal(json.dumps(numbers), Text)
    if connection.dialect.name == "postgresql":
        each = func.json_each_text(cast(listed, JSON)).table_valued("key", "value", name="pair")
        return select(each.c.key, cast(each.c.value, Integer).label("value")).subquery()
    return func.json_each(listed).table_valued("key", "value", name="pair")


def table(
    connection: AsyncConnection,
    columns: Mapping[str, TypeEngine[Any]],
    rows: Sequence[Sequence[object]],
) -> FromClause:
    """Give rows of values as a table of these columns, in their order.

    Values are text, whole numbers, times or None; what a JSON column is to hold is given as text.
    """
    return _table(connection, columns, rows).subquery("given")


def read_once(
    connection: AsyncConnection,
    columns: Mapping[str, TypeEngine[Any]],
    rows: Sequence[Sequence[object]],
) -> FromClause:
    """Give a table, as `table` does, each row of which stands for many rows of another one."""
    return _table(connection, columns, rows).cte("given").prefix_with("MATERIALIZED")


def _table(
    connection: AsyncConnection,
    columns: Mapping[str, TypeEngine[Any]],
    rows: Sequence[Sequence[object]],
) -> Select[Any]:
    if connection.dialect.name == "postgresql":
        packed = json.dumps(rows, default=_written(_zoned))
        each = func.jsonb_array_elements(cast(literal(packed, Text), JSONB)).table_valued(
            column("value", JSONB), name="each"
        )
        values = [
            cast(each.c.value.op("->>")(literal(place, Integer)), type).label(name)
            for place, (name, type) in enumerate(columns.items())
        ]
    else:
        packed = json.dumps(rows, default=_written(_zoneless))
        each = func.json_each(packed).table_valued("value", name="each")
        values = [
            type_coerce(each.c.value.op("->>")(literal(place, Integer)), type).label(name)
            for place, (name, type) in enumerate(columns.items())
        ]
    return select(*values)


def _written(as_text: Callable[[datetime], str]) -> Callable[[datetime], str]:
    """Write each time once: most are the same moment, that of the statement."""
    texts: dict[int, str] = {}

    def write(moment: datetime) -> str:
        if (text := texts.get(id(moment))) is None:
            text = texts[id(moment)] = as_text(moment)
        return text

    return write


def _zoned(moment: datetime) -> str:
    return moment.isoformat()


def _zoneless(moment: datetime) -> str:
    # As `UTCDateTime` lies in SQLite.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _array(ids: Collection[int]) -> ColumnElement[Sequence[int]]:
    return cast(literal(_listed(ids), Text), ARRAY(BigInteger))


def _listed(ids: Collection[int]) -> str:
    # As text: the driver takes ten times as long to write a list.
    return f"{{{','.join(map(str, ids))}}}"
