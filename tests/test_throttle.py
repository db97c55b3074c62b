"""How many connections a relay is given, by what it says."""

from __future__ import annotations

import pytest

from publisher.deliver.throttle import Throttle, is_complaint
from publisher.errors import Refused


def test_complaint_halves_what_is_under_way_and_success_brings_it_back() -> None:
    throttle = Throttle(20)
    assert throttle.slow(now=10)
    assert [throttle.has_room(9), throttle.has_room(10)] == [True, False]
    for _ in range(11):
        throttle.speed()
    assert throttle.has_room(10)
    for _ in range(1000):
        throttle.speed()

    assert [throttle.has_room(19), throttle.has_room(20)] == [True, False]


def test_complaints_of_one_moment_count_as_one() -> None:
    throttle = Throttle(16)

    assert [throttle.slow(now) for now in (5.0, 5.2, 5.9, 6.0)] == [True, False, False, True]
    assert throttle.limit == 4


def test_one_connection_is_always_left() -> None:
    throttle = Throttle(3)
    heeded = [throttle.slow(now=2 * number) for number in range(9)]

    assert heeded == [True, True] + [False] * 7
    assert throttle.has_room(0)
    assert not throttle.has_room(1)


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (451, "4.7.1 too fast", True),
        (451, "try again later", True),
        (452, "4.3.1 out of memory", True),
        (452, "4.5.3 too many recipients", True),
        (454, "4.7.0 TLS not available", True),
        (452, "4.2.2 mailbox full", False),
        (451, "4.1.8 no such sender domain", False),
        (450, "4.2.0 greylisted", False),
        (550, "5.7.1 no", False),
    ],
)
def test_what_asks_to_be_slower(code: int, text: str, expected: bool) -> None:
    """RFC 3463 §3.2 and §3.3: what is the recipient's affair does not."""
    assert is_complaint(Refused(code, text, permanent=code >= 500)) is expected
