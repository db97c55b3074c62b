"""The reference page of all commands."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from publisher.cli import reference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"


@pytest.mark.filterwarnings("ignore:'publisher.cli.reference' found in sys.modules")
def test_reference_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """If not: python -m publisher.cli.reference > docs/reference/commands.md."""
    runpy.run_module("publisher.cli.reference", run_name="__main__")

    assert PAGE.read_text(encoding="utf-8") == capsys.readouterr().out


@pytest.mark.parametrize("section", reference.page().split("\n## ")[1:])
def test_every_command_and_option_says_what_it_does(section: str) -> None:
    title, _, told = section.partition("\n\n")
    rows = re.findall(r"(?m)^\| `.*", told)

    assert title.startswith("`publisher ")
    assert re.match(r"[A-Z].*[.:]", told)
    assert all(re.search(r"\| \S.* \|$", row) for row in rows)


def test_everything_that_lists_or_shows_prints_json() -> None:
    sections = reference.page().split("\n## ")[1:]
    lists = [each for each in sections if re.match(r"`publisher \w+ (list|show|recipients)", each)]

    assert len(lists) > 5
    assert all("`--json`" in each for each in lists)
