"""From bytes to plain tables: TOML, the environment's values, and secrets from files."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from publisher.config.faults import Faults
from publisher.config.schema import KeyPath, Place
from publisher.errors import ConfigError

_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>[^}]*)(?P<end>\}?))")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse(path: Path) -> dict[str, Any]:
    """Read the file. Raises ConfigError, with line and column, unless it is TOML."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is not UTF-8: byte {error.start + 1} is wrong"]) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).rpartition(" (at ")
        where = place.removesuffix(")")
        if where == "end of document":
            where = f"line {text.count(chr(10)) + 1}, column {len(text) - text.rfind(chr(10))}"
        raise ConfigError([f"{path}: {where}: {reason}"]) from error


def anchored(path: Path, folder: Path) -> Path:
    """Make a path of the file one of ours; ``..`` goes, as it would stand in every message."""
    return Path(os.path.normpath(folder / path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Puts in what a file only refers to: ``${NAME}``, and ``KEY_file`` for KEY.

    A key that ``models`` have by such a name themselves stays as it is: it names a file.
    What cannot be had is a fault at its key, and the key keeps its text or stays away; the
    faults that follow from that are at the same key and so are not noted.
    """

    environ: Mapping[str, str]
    folder: Path
    faults: Faults
    models: Place

    def table(self, written: dict[str, Any], path: KeyPath = ()) -> dict[str, Any]:
        """Give the table with everything in it filled in."""
        filled: dict[str, Any] = {}
        for key, value in written.items():
            name = key.removesuffix("_file")
            if name in ("", key) or self.models.at((*path, key)) is not None:
                filled[key] = self._value(value, (*path, key))
            elif name in written:
                self.faults.add((*path, name), f"stands beside {key}", "one of the two")
            elif (secret := self._file(value, (*path, name))) is not None:
                filled[name] = secret
        return filled

    def _value(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return self.table(value, path)
        if isinstance(value, list):
            return [self._value(item, (*path, n)) for n, item in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) else value

    def _text(self, text: str, path: KeyPath) -> str:
        def replaced(match: re.Match[str]) -> str:
            if match["dollar"]:
                return "$"
            name = match["name"]
            if not match["end"] or not _NAME.fullmatch(name):
                self.faults.add(path, f'"{match[0]}" is not understood', "${NAME}, or $$ for one $")
            elif name not in self.environ:
                self.faults.add(path, f"the environment has no {name}")
            return self.environ.get(name, match[0])

        return _REFERENCE.sub(replaced, text)

    def _file(self, value: Any, path: KeyPath) -> str | None:
        if not isinstance(value, str):
            self.faults.add(path, "is not the name of a file", "a path")
            return None
        file = self.folder / self._text(value, path)
        try:
            # Editors and `echo` end a file with a line end, which is no part of a secret.
            return file.read_text(encoding="utf-8").removesuffix("\n")
        except OSError as error:
            self.faults.add(path, f"{file} cannot be read: {error.strerror}")
        except (UnicodeDecodeError, ValueError):
            self.faults.add(path, f"{file} is not a text file in UTF-8")
        return None
