"""What the docs say of the code is so."""

from __future__ import annotations

import re
from pathlib import Path

from tests.rig import showcase

REPOSITORY = Path(__file__).parents[1]


def test_standards_page_lists_each_rfc_with_the_files_that_cite_it() -> None:
    cited: dict[str, set[str]] = {}
    package = REPOSITORY / "publisher"
    for file in package.rglob("*.py"):
        for rfc in re.findall(r"RFC \d+", file.read_text(encoding="utf-8")):
            cited.setdefault(rfc, set()).add(file.relative_to(package).as_posix())
    page = (REPOSITORY / "docs" / "standards.md").read_text(encoding="utf-8")

    listed = {
        rfc: set(files.split())
        for rfc, files in re.findall(r"^\| (RFC \d+) \|[^|]*\| ([^|]*) \|$", page, re.MULTILINE)
    }

    assert cited == listed


def test_each_dependency_has_its_sentence_in_the_design() -> None:
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    listed = project.partition("dependencies = [")[2].partition("]\n\n")[0]
    names = set(re.findall(r'^  "([a-z0-9-]+)', listed, re.MULTILINE))
    design = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    table = design.partition("## Dependencies")[2].lower()
    told = set(
        re.findall(r"[a-z0-9-]+", " ".join(re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE)))
    )

    assert names <= told


def test_each_design_of_a_mail_has_its_contact_sheets() -> None:
    """If not: make screenshots, and look at them."""
    folder = REPOSITORY / "docs" / "screenshots"
    wanted = {
        f"{design}-{language}.webp"
        for design in showcase.designs()
        for language in showcase.LANGUAGES
    }

    assert wanted == {sheet.name for sheet in folder.glob("*.webp")}


def test_links_in_the_docs_lead_somewhere() -> None:
    pages = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(REPOSITORY)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert dead == []
