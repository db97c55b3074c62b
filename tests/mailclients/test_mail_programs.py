"""Every shipped mail as mail programs take it, and mails and pages as the HTML standard has it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from publisher.render import Templates
from tests.mailclients.allowed import ALLOWED
from tests.rig import showcase
from tests.templates.conftest import pages

_HERE = Path(__file__).parent
_CLIENTS = ["gmail.*", "outlook.*", "apple-mail.*"]
_LIMIT_SECONDS = 120

Judged = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def judged() -> Judged:
    """What caniemail and html-validate say, in one start of Node."""
    node = shutil.which("node")
    if "CI" not in os.environ and not (node and (_HERE / "node_modules").exists()):
        pytest.skip("the judges of mails are not installed; see `make mailclients`")
    assert node, "no Node on this machine; see .ci/run"
    asked = {
        "clients": _CLIENTS,
        "mails": {f"{design}-{language}": html for design, language, html in showcase.mails()},
        "pages": pages(Templates(None)),
    }
    done = subprocess.run(
        [node, "judge.mjs"],
        cwd=_HERE,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=_LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    answer: Judged = json.loads(done.stdout)
    return answer


def test_layout_needs_nothing_that_a_mail_program_lacks(judged: Judged) -> None:
    """Everything that a program lacks, or has in part, was looked at: see allowed.py."""
    lacking: dict[str, set[str]] = defaultdict(set)
    used = set()
    for each in judged["lacks"]:
        used.add(each["feature"])
        if each["support"] == "none":
            lacking[each["feature"]].add(each["client"])

    unreviewed = used - ALLOWED.keys()
    assert not unreviewed, [each for each in judged["lacks"] if each["feature"] in unreviewed]
    assert {name: set(entry.lacking) for name, entry in ALLOWED.items()} == {
        name: lacking[name] for name in used
    }


def test_mails_and_pages_are_valid_html(judged: Judged) -> None:
    assert [] == judged["faults"]
