"""An admin's query as text: is it one that reads, and how it is put into one of ours.

Part of the kind "sql". What `check` refuses it refuses early and with a clear sentence; that
nothing can be written is the database's promise, asked for in `publisher.sources._sql_databases`.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnClause, Select, Subquery, column, false, literal, select, text
from sqlalchemy.sql import quoted_name
from sqlalchemy.types import NullType

from publisher.sources._sql_watermark import Mark

# Quantifiers are possessive, so that the time is linear.
_COMMENT = r"(?P<comment>--[^\n]*+|/\*(?![!M]).*?\*/)"
_QUOTED = r"[eE]'(?:[^'\\]|\\.|'')*+'|'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\"|`[^`]*+`"
_MYSQL_QUOTED = r"'(?:[^'\\]|\\.|'')*+'|\"(?:[^\"\\]|\\.|\"\")*+\"|`[^`]*+`"
_DOLLAR_QUOTED = r"|(?P<dollar>\$\w*+\$).*?(?P=dollar)"
_REST = r"|(?P<open>['\"`]|/\*)|(?P<end>;)|(?P<word>\w++)|(?P<blank>\s++)|."

_PIECES = re.compile(f"{_COMMENT}|{_QUOTED}{_DOLLAR_QUOTED}{_REST}", re.DOTALL)
_MYSQL_PIECES = re.compile(f"{_COMMENT}|#[^\\n]*+|{_MYSQL_QUOTED}{_REST}", re.DOTALL)


def check(query: str, *, is_mysql: bool) -> str:
    """Give the query without a semicolon at its end.

    Raises ValueError with a sentence unless it is one statement that begins with SELECT or WITH.
    """
    first, end, depth = "", None, 0
    for piece in (_MYSQL_PIECES if is_mysql else _PIECES).finditer(query):
        match piece.lastgroup:
            case "comment" | "blank":
                continue
            case "open" if query.startswith(("/*!", "/*M"), piece.start()):
                raise ValueError("holds a /*! comment, which MySQL executes; take it out")
            case "open":
                raise ValueError(f"opens a {piece.group()} that is never closed")
        if end is not None:
            raise ValueError("holds more than one statement; only one can be asked")
        if piece.lastgroup == "end":
            end = piece
        first = first or piece.group()
        depth += {"(": 1, ")": -1}.get(piece.group(), 0)
        if depth < 0:  # it would leave the parentheses that we put it into
            raise ValueError("closes a parenthesis that it has not opened")
    if first.upper() not in ("SELECT", "WITH"):
        raise ValueError("does not begin with SELECT or WITH; a source only reads")
    return query if end is None else f"{query[: end.start()]} {query[end.end() :]}"


def all_rows(query: str) -> Select[Any]:
    """Ask for everything that the query gives, in its own order where the database keeps that."""
    return select(text("*")).select_from(_subselect(query))


def no_rows(query: str) -> Select[Any]:
    """Ask what columns the query gives, which costs the database next to nothing."""
    return all_rows(query).where(false())


def rows_since(query: str, watermark: str, since: Mark | None) -> Select[Any]:
    """Ask for the rows from this mark on, oldest first; None for all.

    Rows that stand at the mark itself are asked for again: more may have come to them.
    """
    rows = _subselect(query, watermark)
    mark = rows.c[watermark]
    asked = select(text("*")).select_from(rows).order_by(mark)
    # Without a type, or the statement would cast the value to what SQLAlchemy takes it for.
    return asked if since is None else asked.where(mark >= literal(since, NullType()))


def _subselect(query: str, *names: str) -> Subquery:
    """Put the query in parentheses, as every statement of ours has it.

    In there no database takes INTO OUTFILE, SELECT INTO, or a WITH that changes data. The line
    end closes a comment that the query may end in.
    """
    verbatim = text(query.replace(":", r"\:") + "\n")  # a colon begins no parameter
    columns: list[ColumnClause[Any]] = [column(quoted_name(name, quote=True)) for name in names]
    return verbatim.columns(*columns).subquery("q")
