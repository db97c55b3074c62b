"""Thousands of values in one statement, as one parameter.

A parameter for each value costs more in writing the statement than the database takes to run
it, and both databases count them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    FromClause,
    Text,
    any_,
    cast,
    column,
    false,
    func,
    literal,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection


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


def _array(ids: Collection[int]) -> ColumnElement[Sequence[int]]:
    return cast(literal(_listed(ids), Text), ARRAY(BigInteger))


def _listed(ids: Collection[int]) -> str:
    # As text: the driver takes ten times as long to write a list.
    return f"{{{','.join(map(str, ids))}}}"
