"""`why`: one line a newsletter."""

from __future__ import annotations

import json

from tests.cli.conftest import Command


def test_reason_of_each_newsletter_is_told(loaded: Command) -> None:
    loaded("subscribers", "add", "ann@example.org", "--newsletter", "digest", "--confirmed")

    result = loaded("why", "Ann@Example.org", "kept-promises")

    assert (0, "digest: it waits for their next issue (daily).\n") == (
        result.exit_code,
        result.stdout,
    )


def test_reasons_are_told_to_programs(loaded: Command) -> None:
    (reason,) = json.loads(loaded("why", "ann@example.org", "kept-promises", "--json").stdout)

    assert reason == {"newsletter": "digest", "is_carried": False, "words": "they do not read it"}


def test_article_that_is_not_there_is_told(loaded: Command) -> None:
    result = loaded("why", "ann@example.org", "kept-secrets")

    assert 1 == result.exit_code
    assert 'no article has the slug "kept-secrets"' in result.stderr


def test_address_that_is_none_is_told(loaded: Command) -> None:
    result = loaded("why", "ann", "kept-promises")

    assert 1 == result.exit_code
    assert "ann" in result.stderr
