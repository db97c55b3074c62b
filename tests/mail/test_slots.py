from __future__ import annotations

import css_inline
import pytest

from publisher.mail.slots import END, START, Slot, marker, split


def test_split_gives_text_and_slots_in_order() -> None:
    pieces = split(f"Dear {marker(Slot.NAME)}{marker(Slot.ADDRESS)}, hello")

    assert pieces == ["Dear ", Slot.NAME, Slot.ADDRESS, ", hello"]
    assert [isinstance(piece, Slot) for piece in pieces] == [False, True, True, False]


def test_split_leaves_text_that_only_looks_like_a_slot() -> None:
    assert split("name {{ name }}") == ["name {{ name }}"]


def test_split_of_nothing_is_nothing() -> None:
    assert split("") == []


def test_split_names_an_unknown_slot() -> None:
    with pytest.raises(ValueError, match=r"'browser_url'.*unsubscribe_url"):
        split(f"{START}browser_url{END}")


@pytest.mark.parametrize("text", [f"a{START}name", f"name{END}", f"{START}na{START}name{END}"])
def test_split_refuses_half_a_marker(text: str) -> None:
    with pytest.raises(ValueError, match="half a slot marker"):
        split(text)


@pytest.mark.parametrize("slot", Slot)
def test_marker_survives_css_inlining(slot: Slot) -> None:
    """The HTML is parsed and written again between rendering and composing."""
    page = (
        "<html><head><style>a { color: red } p { margin: 0 }</style></head><body>"
        f"<p>{marker(slot)}</p><a href='{marker(slot)}'>x</a>"
        f'<a href="https://example.org/?a=1&amp;b={marker(slot)}">y</a></body></html>'
    )

    inlined = css_inline.inline(page)

    assert inlined.count("color: red") == 2
    assert f'href="{marker(slot)}"' in inlined
    assert f'href="https://example.org/?a=1&amp;b={marker(slot)}"' in inlined
    assert sum(isinstance(piece, Slot) for piece in split(inlined)) == 3
