"""`keys`: links of old mails go on working until somebody ends them on purpose."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from publisher.store import keys as stored
from tests.cli.conftest import Command


def listed(command: Command) -> list[tuple[int, str, int]]:
    found = json.loads(command("keys", "list", "--json").stdout)
    return [(row["key"], row["state"], row["mails"]) for row in found]


def test_a_key_settles_signs_and_is_retired(loaded: Command) -> None:
    first = listed(loaded)
    rotated = loaded("keys", "rotate")
    settling = listed(loaded)
    too_early = loaded("keys", "retire", "1", "--yes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "SETTLING", timedelta())
        signs = listed(loaded)
        unsure = loaded("keys", "retire", "1")
        retired = loaded("keys", "retire", "1", "--yes")
        again = loaded("keys", "retire", "1", "--yes")
        after = listed(loaded)

    assert rotated.stdout.startswith("Key 2 signs from five minutes on;")
    assert [first, settling, signs, after] == [
        [(1, "signs", 0)],
        [(1, "signs", 0), (2, "settles", 0)],
        [(1, "reads", 0), (2, "signs", 0)],
        [(1, "retired", 0), (2, "signs", 0)],
    ]
    assert [each.exit_code for each in (too_early, unsure, retired, again)] == [1, 1, 0, 1]
    assert "key 1 signs: make another" in too_early.stderr
    assert "The links of 0 mails end with key 1" in retired.stderr
