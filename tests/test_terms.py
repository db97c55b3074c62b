"""Spellings of a name are one term, and two names are two."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.terms import term_key


@pytest.mark.parametrize(
    "spelling", ["Night shift", "NIGHT SHIFT", " night  shift ", "night_shift"]
)
def test_spellings_of_a_name_are_one_term(spelling: str) -> None:
    assert term_key(spelling) == "night-shift"


@pytest.mark.parametrize(
    ("one", "other"),
    [("C", "C++"), ("C#", "C++"), ("R&D", "RD"), ("劳工", "港口"), ("é", "e"), ("a.b", "a b")],
)
def test_two_names_are_two_terms(one: str, other: str) -> None:
    assert term_key(one) != term_key(other)


@pytest.mark.parametrize("name", ["español", "劳工", "हिन्दी", "öffentlich"])
def test_letters_of_any_script_are_kept(name: str) -> None:
    assert term_key(name.upper()) == name


@given(st.text())
def test_key_of_any_name_may_stand_in_an_address_and_a_file_name(name: str) -> None:
    key = term_key(name)

    assert key
    assert not re.search(r"[\s/.\\%?#:\x00-\x20]|^-|-$|--", key)
    assert len(key.encode()) < 250
