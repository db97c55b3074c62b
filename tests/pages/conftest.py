"""A browser with axe-core; tests of pages are left out where either is missing."""

from __future__ import annotations

import os

import pytest

from tests.rig import axe, chromium


@pytest.fixture(scope="session")
def browser() -> str:
    """Where tests are the rule (CI), neither may be missing."""
    found = chromium.find()
    if "CI" not in os.environ and not (found and axe.is_installed()):
        pytest.skip("no Chromium or no axe-core on this machine; see `make pages`")
    assert found, "no Chromium on this machine; see .ci/run"
    return found
