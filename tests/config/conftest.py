from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from publisher.config import Config, load
from publisher.errors import ConfigError

MINIMAL = """\
[publication]
title = "Example News"
base_url = "https://news.example.org"

[[sources]]
name = "newsroom"
kind = "folder"
path = "articles"
"""

Read = Callable[..., Config]
Faulty = Callable[..., list[str]]


@pytest.fixture
def minimal() -> str:
    return MINIMAL


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Load a text as the config file ``site/publisher.toml`` under tmp_path."""
    folder = tmp_path / "site"
    folder.mkdir()

    def _read(text: str, environ: Mapping[str, str] | None = None) -> Config:
        path = folder / "publisher.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, environ or {})

    return _read


@pytest.fixture
def faults_of(read: Read, tmp_path: Path) -> Faulty:
    """Load a text and give its faults, without the name of the file, which each begins with."""

    def _faults_of(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            read(text, environ)
        file = f"{tmp_path / 'site' / 'publisher.toml'}: "
        assert all(fault.startswith(file) for fault in caught.value.faults)
        return [fault.removeprefix(file) for fault in caught.value.faults]

    return _faults_of
