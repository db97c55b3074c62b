"""`prune`: what would go, and that it went."""

from __future__ import annotations

import json

from tests.cli.conftest import Command


def test_prune_says_what_goes(loaded: Command) -> None:
    loaded("subscribers", "add", "ann@example.org", "--newsletter", "digest", "--confirmed")

    dry = loaded("prune", "--dry-run")
    gone = json.loads(loaded("prune", "--json").stdout)

    assert "        0  people who left\n" in dry.stdout
    assert dry.stderr == "would go.\n"
    assert set(gone.values()) == {0}
