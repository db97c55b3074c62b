"""axe-core over every public page, in light and dark: nothing that shuts anybody out."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.render import Templates
from tests.rig import axe
from tests.templates.conftest import pages

# Tells whether axe was at work: a page where it finds nothing looks like one it never saw.
BAD = {
    "bad": '<!DOCTYPE html><html lang="en"><title>Bad</title><main><h1>Bad</h1>'
    '<p style="color: #777; background: #888">Pale</p><img src="data:,"></main></html>'
}


@pytest.mark.parametrize(
    ("dark", "of_bad"),
    [(False, {"color-contrast", "image-alt"}), (True, {"color-contrast"})],
    ids=["light", "dark"],
)
def test_no_page_has_a_serious_violation(
    browser: str, tmp_path: Path, dark: bool, of_bad: set[str]
) -> None:
    judged = axe.violations(browser, pages(Templates(None)) | BAD, dark=dark, scratch=tmp_path)

    serious = [each for each in judged if each.impact in ("serious", "critical")]
    assert [] == [each for each in serious if each.page != "bad"]
    assert of_bad == {each.rule for each in serious if each.page == "bad"}
