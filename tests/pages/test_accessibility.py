"""axe-core over every page and mail: nothing that shuts anybody out."""

from __future__ import annotations

from pathlib import Path

from publisher.render import Templates
from tests.rig import axe, showcase
from tests.rig.axe import Violation
from tests.templates.conftest import pages

# Tells whether axe was at work: a page where it finds nothing looks like one it never saw.
BAD = {
    "bad": '<!DOCTYPE html><html lang="en"><title>Bad</title><main><h1>Bad</h1>'
    '<p style="color: #777; background: #888">Pale</p><img src="data:,"></main></html>'
}


def serious(judged: list[Violation]) -> list[Violation]:
    return [each for each in judged if each.impact in ("serious", "critical")]


def test_no_page_or_mail_has_a_serious_violation(browser: str, tmp_path: Path) -> None:
    mails = {
        f"{design}-{language}": html
        for design, language, html in showcase.mails()
        if language != "zh"  # where axe sees what it sees in English
    }
    everything = pages(Templates(None)) | mails | BAD

    found = serious(axe.violations(browser, everything, dark=False, scratch=tmp_path))

    assert [] == [each for each in found if each.page != "bad"]
    assert {"color-contrast", "image-alt"} == {each.rule for each in found if each.page == "bad"}


def test_no_page_has_a_serious_violation_in_the_dark(browser: str, tmp_path: Path) -> None:
    everything = pages(Templates(None)) | BAD

    found = serious(axe.violations(browser, everything, dark=True, scratch=tmp_path))

    assert [("bad", "color-contrast")] == [(each.page, each.rule) for each in found]
