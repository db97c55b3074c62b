"""What the guide says about events and webhooks holds."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from publisher.model import EventKind
from publisher.webhooks.signing import signed

GUIDE = (Path(__file__).parents[2] / "docs" / "how-to" / "automation.md").read_text("utf-8")
KEY = b"k" * 32
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


@pytest.fixture
def is_genuine() -> Callable[..., bool]:
    """The check that the guide gives to those who are told."""
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 -- the guide is our own
    found: Callable[..., bool] = names["is_genuine"]
    return found


def test_check_of_the_guide_knows_our_messages_from_others(is_genuine: Callable[..., bool]) -> None:
    now = datetime.now(UTC)
    made = signed(KEY, "evt_1", {"id": 1, "data": {"address": "zoë@example.org"}}, now)
    headers = {name.lower(): value for name, value in made.headers.items()}
    old = signed(KEY, "evt_1", {"id": 1}, datetime(2026, 1, 1, tzinfo=UTC))

    assert is_genuine(SECRET, headers, made.body)
    assert not is_genuine(SECRET, headers, made.body + b" ")
    assert not is_genuine(SECRET, headers | {"webhook-id": "evt_2"}, made.body)
    assert not is_genuine(f"whsec_{base64.b64encode(b'x' * 32).decode()}", headers, made.body)
    assert not is_genuine(SECRET, old.headers, old.body)


def test_guide_names_every_kind_of_event() -> None:
    table = GUIDE[GUIDE.index("| kind |") :].split("\n\n")[0]
    named = set()
    for row in table.splitlines()[2:]:
        family = ""
        for name in re.findall(r"`([a-z.]+)`", row.split("|")[1]):
            family = name.partition(".")[0] if not name.startswith(".") else family
            named.add(family + name if name.startswith(".") else name)

    assert named == set(EventKind)
