"""Every shipped mail and page in a real browser: 320, 360 and 600 pixels, light and dark."""

from __future__ import annotations

from tests.rig.chromium import Measure

Measures = dict[tuple[str, int, bool], Measure]


def test_nothing_needs_sideways_scrolling(measured: Measures) -> None:
    """WCAG 2.2 §1.4.10: at 320 CSS pixels."""
    wide = {
        key: found.beyond or found.overflow
        for key, found in measured.items()
        if found.overflow > 0 or found.beyond
    }

    assert not wide


def test_every_text_has_contrast_in_light_and_dark(measured: Measures) -> None:
    """WCAG 2.2 §1.4.3: at least 4.5 to 1."""
    pale = {key: found.contrast[0] for key, found in measured.items() if found.contrast[0][0] < 4.5}

    assert not pale


def test_dark_measures_are_dark(measured: Measures) -> None:
    wrong = [key for key, found in measured.items() if found.is_dark != key[2]]

    assert not wrong


def test_one_h1_and_no_skipped_heading(measured: Measures) -> None:
    wrong = {
        key: found.headings
        for key, found in measured.items()
        if found.headings.count(1) != 1
        or found.headings[0] != 1
        or any(
            below > above + 1
            for above, below in zip(found.headings, found.headings[1:], strict=False)
        )
    }

    assert not wrong


def test_every_link_in_a_mail_is_absolute(measured: Measures) -> None:
    relative = {
        (key, link)
        for key, found in measured.items()
        if "/" not in key[0]
        for link in found.links
        if not link.startswith("https://")
    }

    assert not relative


def test_every_image_has_alt_text(measured: Measures) -> None:
    without = [key for key, found in measured.items() if found.images_without_alt]

    assert not without


def test_links_and_buttons_are_large_enough_to_hit(measured: Measures) -> None:
    """WCAG 2.2 §2.5.8: at least 24 CSS pixels high."""
    small = {key: found.small_targets for key, found in measured.items() if found.small_targets}

    assert not small


def test_preheader_is_not_seen_in_an_open_mail(measured: Measures) -> None:
    seen = measured["digest", 600, False].body_text

    assert "Also: tugs queue" not in seen


def test_page_of_an_issue_says_nothing_that_is_for_its_reader_alone(measured: Measures) -> None:
    key = (600, False)

    said = [measured[name, *key].body_text for name in ("digest", "web/issue")]

    assert ["Unsubscribe" in text for text in said] == [True, False]
    assert ["You get this mail" in text for text in said] == [True, False]
