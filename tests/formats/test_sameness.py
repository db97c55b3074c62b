"""The same input gives the same bytes: the entity tag is made of them."""

from __future__ import annotations

import hashlib
import locale
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

from publisher.model import Format
from tests.formats import golden, reading
from tests.formats.samples import article, render


def test_rendering_is_the_same_in_any_process() -> None:
    program = (
        "import hashlib, locale\n"
        "from publisher.model import Format\n"
        "from tests.formats import golden\n"
        "try: locale.setlocale(locale.LC_ALL, '')\n"
        "except locale.Error: pass\n"
        "for format in Format:\n"
        "    print(hashlib.sha256(golden.render('newsroom', format)).hexdigest())\n"
    )
    here = [hashlib.sha256(golden.render("newsroom", format)).hexdigest() for format in Format]

    elsewhere = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"TZ": zone, "LC_ALL": language, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        for zone, language, seed in [
            ("Asia/Shanghai", "C", "1"),
            ("America/St_Johns", "de_DE.UTF-8", "2"),
            ("UTC", "C.UTF-8", "3"),
        ]
    ]

    assert [here] * 3 == elsewhere


@pytest.mark.parametrize("format", Format)
def test_rendering_is_the_same_in_many_threads(format: Format) -> None:
    with ThreadPoolExecutor(8) as threads:
        bodies = set(threads.map(lambda _: golden.render("newsroom", format), range(24)))

    assert {golden.render("newsroom", format)} == bodies


@pytest.mark.parametrize("format", Format)
def test_rendering_leaves_the_locale_of_the_process_alone(
    format: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touched(*_: object) -> NoReturn:
        raise AssertionError

    monkeypatch.setattr(locale, "setlocale", touched)

    assert [article().uri] == [item.id for item in reading.items(format, render(format, article()))]
