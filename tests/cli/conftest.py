"""A site in a temporary folder, and the commands on it within the test's own process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from publisher.cli import app
from tests.rig.program import Site

Command = Callable[..., Result]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Every command sets up logging for a process of its own, which a test is not."""
    root, ours = logging.getLogger(), logging.getLogger("publisher")
    before = root.handlers, root.level, ours.level
    yield
    root.handlers, root.level, ours.level = before
    structlog.reset_defaults()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with one article and without a database."""
    made = Site(tmp_path)
    made.write("kept", "Kept promises")
    return made


@pytest.fixture
def command(site: Site, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command on the site: its exit code, stdout and stderr."""
    monkeypatch.delenv("PORT", raising=False)
    runner = CliRunner(env={"PUBLISHER_CONFIG": str(site.config)})

    def run(*words: str) -> Result:
        result = runner.invoke(app, words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def loaded(command: Command) -> Command:
    """The same, with a database and the article loaded."""
    assert command("migrate").exit_code == 0
    assert command("ingest").exit_code == 0
    return command
