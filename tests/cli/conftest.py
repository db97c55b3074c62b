"""A site in a temporary folder, and the commands on it within the test's own process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from tests.rig.program import Site

Command = Callable[..., Result]


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with a database and one article loaded, to be copied."""
    made = Site(tmp_path_factory.mktemp("ready"))
    made.write("kept", "Kept promises")
    for word in ("migrate", "ingest"):
        assert made.here(word).exit_code == 0
    return made


@pytest.fixture
def site(tmp_path: Path, ready: Site) -> Site:
    """A site with one article and without a database."""
    made = Site(tmp_path, ready.web_port)
    shutil.copytree(ready.articles, made.articles, dirs_exist_ok=True)
    return made


@pytest.fixture
def command(site: Site) -> Command:
    """Run a command on the site: its exit code, stdout and stderr."""
    return site.here


@pytest.fixture
def loaded(command: Command, site: Site, ready: Site) -> Command:
    """The same, with a database and the article loaded."""
    shutil.copytree(ready.folder / "var", site.folder / "var")
    return command
