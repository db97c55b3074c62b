"""The kind "sql": which settings are taken, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from publisher.sources._sql_query import check
from publisher.sources.sql import Settings

QUERY = "SELECT 1 AS guid"
URL = "postgresql://reader:sesame@db.example.org/news"


def fault(settings: dict[str, Any]) -> str:
    with pytest.raises(pydantic.ValidationError) as caught:
        Settings.model_validate(settings)
    assert "sesame" not in str(caught.value)
    return str(caught.value.errors()[0]["msg"])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sesame", "is not the URL of a database"),
        ("postgresql://reader:sesame@db:port/news", "is not the URL of a database"),
        ("oracle://reader:sesame@db/news", "names no database that is supported"),
        ("sqlite:///sesame.db", 'give its path as "file"'),
        ("mysql://reader:sesame@db/news?init_command=DELETE", "has init_command behind the ?"),
        ("mysql://reader:sesame@db/news?local_infile=1", "has local_infile behind the ?"),
    ],
)
def test_url_that_leads_to_no_database_is_refused(url: str, reason: str) -> None:
    assert reason in fault({"url": url, "query": QUERY})


@pytest.mark.parametrize("where", [{}, {"url": URL, "file": "news.db"}])
def test_either_url_or_file_is_given(where: dict[str, str]) -> None:
    assert 'either "url" or "file"' in fault({**where, "query": QUERY})


def test_article_has_one_text() -> None:
    columns = {"html": "body", "text": "body"}

    assert "html and text are both given" in fault({"url": URL, "query": QUERY, "columns": columns})


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "at least 1 character"),
        ("DELETE FROM articles", "does not begin with SELECT or WITH"),
        ("-- SELECT\nPRAGMA x", "does not begin with SELECT or WITH"),
        ("/* SELECT */ ATTACH 'x' AS y", "does not begin with SELECT or WITH"),
        ("(SELECT 1)", "does not begin with SELECT or WITH"),
        ("; SELECT 1", "more than one statement"),
        ("SELECT 1; DELETE FROM articles", "more than one statement"),
        ("SELECT 1;;", "more than one statement"),
        ("SELECT 'it''s'; SELECT 2", "more than one statement"),
        ("SELECT E'it\\'s'; SELECT 2", "more than one statement"),
        ("SELECT $a$ ' $a$; SELECT 2", "more than one statement"),
        ("SELECT 'it", "opens a ' that is never closed"),
        ("SELECT 1 /* more", "opens a /* that is never closed"),
        ("SELECT 1) AS q; --", "closes a parenthesis that it has not opened"),
        ("SELECT 1 /*! INTO OUTFILE 'x' */", "a /*! comment, which MySQL executes"),
        ("SELECT 1 /*M! INTO OUTFILE 'x' */", "a /*! comment, which MySQL executes"),
    ],
)
def test_query_that_does_not_only_read_is_refused(query: str, reason: str) -> None:
    assert reason in fault({"url": URL, "query": query})


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("SELECT 1", "SELECT 1"),
        ("select 1;", "select 1 "),
        ("SELECT 1; -- don't", "SELECT 1  -- don't"),
        ("-- don't\nWITH x AS (SELECT 1) SELECT * FROM x", None),
        ("/* it's; */ SELECT ';', \";\", `;`, 'it''s;', $$;'$$, $a$;$$;$a$", None),
        ("SELECT E'it\\'s;', 'C:\\', data #> '{a}', (1)", None),
    ],
)
def test_query_that_reads_is_taken(query: str, asked: str | None) -> None:
    assert Settings.model_validate({"url": URL, "query": query}).query == (asked or query)


def test_texts_of_mysql_are_quoted_in_its_own_way() -> None:
    query = "SELECT 'it\\'s;', \"5\\\";\" # don't;"

    assert check(query, is_mysql=True) == query


def test_long_query_is_looked_at_in_linear_time() -> None:
    """Quotes and openings without an end are what makes a scan go back."""
    query = "SELECT " + "'' " * 200_000 + "$a$ /* " * 1

    with pytest.raises(ValueError, match="never closed"):
        check(query, is_mysql=False)
