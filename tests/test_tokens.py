from __future__ import annotations

import itertools
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import TokenError
from publisher.tokens import Purpose, Tokens

OLD, NEW = b"o" * 32, b"n" * 32
TOKENS = Tokens({3: NEW}, signing=3)
ALPHABET = string.ascii_lowercase + "234567"

one_or_two_ids = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=2).map(tuple)


@settings(deadline=None)  # it measures the machine's other work
@given(purpose=st.sampled_from(Purpose), ids=one_or_two_ids, key_id=st.integers(0, 255))
def test_read_gives_what_was_signed(purpose: Purpose, ids: tuple[int, ...], key_id: int) -> None:
    tokens = Tokens({key_id: NEW}, signing=key_id)

    token = tokens.sign(purpose, *ids)

    assert ids == tokens.read(purpose, token) == tokens.read(purpose, token.upper())
    assert token == tokens.sign(purpose, *ids)
    assert set(token) <= set(ALPHABET)


@pytest.mark.parametrize(("ids", "length"), [((2**31 - 1,), 36), ((2**31 - 1, 2**31 - 1), 42)])
def test_token_is_short(ids: tuple[int, ...], length: int) -> None:
    assert length == len(TOKENS.sign(Purpose.BOUNCE, *ids))


@pytest.mark.parametrize("ids", [(7,), (300, 5), (0,), (1, 2**40)])
def test_read_refuses_any_other_character(ids: tuple[int, ...]) -> None:
    """Every place and every letter, so the bits left over in the last one too."""
    token = TOKENS.sign(Purpose.UNSUBSCRIBE, *ids)

    for position, letter in itertools.product(range(len(token)), ALPHABET):
        forged = token[:position] + letter + token[position + 1 :]
        if forged != token:
            assert_refused(forged)


@pytest.mark.parametrize("ids", [(7,), (300, 5), (0,)])
def test_read_refuses_other_lengths(ids: tuple[int, ...]) -> None:
    token = TOKENS.sign(Purpose.UNSUBSCRIBE, *ids)

    for length in range(len(token)):
        assert_refused(token[:length])
    for letter in ALPHABET + "=":
        assert_refused(token + letter)
        assert_refused(letter + token)
    assert_refused(token + "a" * 8)


@settings(deadline=None)  # it measures the machine's other work
@given(text=st.text())
def test_read_refuses_text(text: str) -> None:
    assert_refused(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: f" {token}",
        lambda token: f"{token}\n",
        lambda token: token + "=" * (-len(token) % 8),
        lambda token: token.replace("k", "\N{KELVIN SIGN}"),
        lambda token: token.replace("i", "\N{LATIN SMALL LETTER DOTLESS I}"),
        lambda token: token.replace("l", "1"),
        lambda token: token.replace("o", "0"),
        lambda token: token * 1000,
    ],
)
def test_token_has_one_spelling_up_to_case(change: object) -> None:
    assert callable(change)
    changed = 0
    for number in range(100):
        token = TOKENS.sign(Purpose.UNSUBSCRIBE, number)
        if change(token) != token:
            changed += 1
            assert_refused(change(token))
    assert changed > 0


@pytest.mark.parametrize(("made", "used"), list(itertools.permutations(Purpose, 2)))
def test_read_refuses_another_purpose(made: Purpose, used: Purpose) -> None:
    token = TOKENS.sign(made, 7)

    with pytest.raises(TokenError):
        TOKENS.read(used, token)


def test_signature_tells_one_id_from_two() -> None:
    assert TOKENS.sign(Purpose.BOUNCE, 0x0102)[-20:] != TOKENS.sign(Purpose.BOUNCE, 1, 2)[-20:]


def test_old_key_still_reads_after_rotation() -> None:
    before = Tokens({1: OLD}, signing=1)
    after = Tokens({1: OLD, 2: NEW}, signing=2)
    token = before.sign(Purpose.CONFIRM, 7)

    assert after.read(Purpose.CONFIRM, token) == (7,)
    assert token != after.sign(Purpose.CONFIRM, 7)


def test_removed_key_reads_no_more() -> None:
    token = Tokens({1: OLD}, signing=1).sign(Purpose.UNSUBSCRIBE, 7)

    assert_refused(token)


def test_each_use_has_a_key_of_its_own_that_goes_with_the_signing_one() -> None:
    before = Tokens({1: OLD, 3: NEW}, signing=1)

    keys = {each.derived(use) for each in (before, TOKENS) for use in ("challenge", "solution")}

    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}
    assert TOKENS.derived("challenge") == Tokens({3: NEW}, signing=3).derived("challenge")


def test_key_of_another_site_with_the_same_id_is_refused() -> None:
    assert_refused(Tokens({3: OLD}, signing=3).sign(Purpose.UNSUBSCRIBE, 7))


@pytest.mark.parametrize("ids", [(), (1, 2, 3), (-1,), (2**63,)])
def test_sign_refuses_ids_that_no_row_has(ids: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="one or two ids"):
        TOKENS.sign(Purpose.BOUNCE, *ids)


@pytest.mark.parametrize(
    ("secrets", "signing", "fault"),
    [
        ({1: b"s" * 31}, 1, "key 1 is shorter than 32"),
        ({256: NEW}, 256, "key id 256"),
        ({-1: NEW}, -1, "key id -1"),
        ({1: NEW}, 2, "no key 2"),
        ({}, 0, "no key 0"),
    ],
)
def test_ring_refuses(secrets: dict[int, bytes], signing: int, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Tokens(secrets, signing=signing)


def assert_refused(token: str) -> None:
    """Every kind of failure has the same sentence and shows no cause."""
    with pytest.raises(TokenError) as caught:
        TOKENS.read(Purpose.UNSUBSCRIBE, token)
    assert str(caught.value) == "this link is damaged or was not made here"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
