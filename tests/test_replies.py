"""What is read from a reply, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import Refused
from publisher.replies import Status, is_greylisting, status


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (550, "5.1.1 no such user", (1, 1)),
        (550, "5.1.10", (1, 10)),
        (552, "5.2.2\nseveral lines", (2, 2)),
        (450, "4.7.1 greylisted", (7, 1)),
        (550, "no such user", None),
        (550, "id 5.1.1", None),
        (550, "5.1.1.1 is an address", None),
        (550, "5.1", None),
        (550, "5.1.1: with a colon", None),
        (550, "5.1234.1 too long", None),
        (550, "", None),
    ],
)
def test_status_stands_at_the_front(code: int, text: str, expected: Status | None) -> None:
    assert status(code, text) == expected


@pytest.mark.parametrize(("code", "text"), [(450, "5.1.1 unknown"), (550, "4.2.2 full")])
def test_status_that_disagrees_with_its_code_says_nothing(code: int, text: str) -> None:
    """RFC 5321 §4.2.1: the basic code is the law."""
    assert status(code, text) is None


@given(st.integers(), st.text())
def test_any_reply_can_be_read(code: int, text: str) -> None:
    read = status(code, text)
    is_greylisting(code, text)

    assert read is None or text.startswith(f"{code // 100}.")


@given(st.sampled_from("245"), st.integers(0, 999), st.integers(0, 999), st.integers(0, 99))
def test_only_class_subject_and_detail_are_read(
    kind: str, subject: int, detail: int, rest: int
) -> None:
    """Not the words, nor the last two digits of the code."""
    code = int(kind) * 100 + rest
    said = [f"{kind}.{subject}.{detail}{words}" for words in ("", " user", "\nmailbox full")]

    assert {status(code, text) for text in said} == {Status(subject, detail)}


@pytest.mark.parametrize("text", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"])
def test_address_is_dead(text: str) -> None:
    read = Refused(550, text, permanent=True).status

    assert read is not None
    assert read.is_dead


@pytest.mark.parametrize("text", ["5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.7.1", "5.0.0", "5.4.1"])
def test_address_is_not_dead(text: str) -> None:
    """Full, or too much for it, or about us: somebody may still be there."""
    read = Refused(550, text, permanent=True).status

    assert read is not None
    assert not read.is_dead
