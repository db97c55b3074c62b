"""Collecting faults: all of them, each one line that an admin can act on.

``file: key: what is wrong, allowed: what is``. Keys are dotted as in TOML; a table of an
array goes by its own slug or name, since nobody counts tables: ``newsletters.digest.from``.
Values are shown as they stand in the file, so never what the environment or a secret's file
put in their place.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from publisher.config.schema import KeyPath, Place, keys
from publisher.errors import ConfigError

NAMES = ("slug", "name")  # what a table in an array may go by


class Faults:
    """The faults of one file. ``written`` is the file as parsed, nothing put in its place."""

    def __init__(self, file: Path, written: dict[str, Any]) -> None:
        self._file = file
        self._written = written
        self._found: list[tuple[KeyPath, str]] = []

    def add(self, path: KeyPath, wrong: str, allowed: str | None = None) -> None:
        """Note a fault. The first one at a key stands, as later ones follow from it."""
        if all(path != known for known, _ in self._found):
            line = f"{self._file}: {self.dotted(path)}: {wrong}"
            self._found.append((path, f"{line}, allowed: {allowed}" if allowed else line))

    def add_unknown(self, path: KeyPath, known: Iterable[str]) -> None:
        """Note a key that does not exist, with the nearest one that does."""
        near = difflib.get_close_matches(str(path[-1]), known, n=1)
        self.add(
            path,
            f"unknown key; did you mean {near[0]}?" if near else "unknown key",
            None if near else ", ".join(known),
        )

    def add_invalid(
        self, error: ValidationError, root: Place, above: KeyPath = (), known: Iterable[str] = ()
    ) -> None:
        """Note all that pydantic found in the table at ``above``.

        ``root`` is that table's model; ``known`` are keys that are right there besides its own.
        """
        found = error.errors(include_url=False, include_input=False)
        for fault in found:
            loc: KeyPath = fault["loc"]
            # Faulty items do not count for pydantic, so that a list of them is too short as well.
            if any(loc == other["loc"][: len(loc)] != other["loc"] for other in found):
                continue
            is_name = loc[-1:] == ("[key]",)
            loc = loc[:-1] if is_name else loc
            parent, place = root.at(loc[:-1]), root.at(loc)
            if is_name and parent:
                place = parent.names
            allowed = place.allowed if place and loc else None
            match fault["type"]:
                case "extra_forbidden" if parent and parent.table:
                    more = known if len(loc) == 1 else ()
                    self.add_unknown((*above, *loc), [*more, *keys(parent.table)])
                case "missing":
                    self.add((*above, *loc), "missing", allowed)
                case "value_error":
                    self.add((*above, *loc), str(fault["ctx"]["error"]), allowed)
                case _:
                    shown = self._shown((*above, *loc), place, is_name=is_name)
                    self.add(
                        (*above, *loc),
                        f"{shown} is not allowed",
                        allowed or fault["msg"].removeprefix("Input should be "),
                    )

    def dotted(self, path: KeyPath) -> str:
        """Name a key as an admin would."""
        text = ""
        node: Any = self._written
        for part in path:
            if isinstance(part, int) and isinstance(node, dict):
                pass  # a table in the place of a list of one
            elif isinstance(part, int):
                name = _own_name(node, part)
                text += f".{name}" if name else f"[{part}]"
            else:
                if isinstance(node, dict) and part not in node and f"{part}_file" in node:
                    part = f"{part}_file"  # the key under which the value was given
                text += f".{part}" if re.fullmatch(r"[\w-]+", part, re.A) else f".{_quoted(part)}"
            node = _child(node, part)
        return text.removeprefix(".")

    def settle(self) -> None:
        """Raise ConfigError, faults in the file's order, if there are any."""
        if self._found:
            ordered = sorted(self._found, key=lambda found: self._position(found[0]))
            raise ConfigError([line for _, line in ordered])

    def _position(self, path: KeyPath) -> list[int]:
        """Where a key stands in the file; behind its table's other keys, if it is missing."""
        position = []
        node: Any = self._written
        for part in path:
            names = list(node) if isinstance(node, dict) else []
            if isinstance(part, int):
                position.append(part)
            else:
                position.append(names.index(part) if part in names else len(names))
            node = _child(node, part)
        return position

    def _shown(self, path: KeyPath, place: Place | None, *, is_name: bool) -> str:
        if is_name:
            return _quoted(str(path[-1]))
        value: Any = self._written
        for part in path:
            value = _child(value, part)
        if isinstance(value, dict | list):
            return "a table" if isinstance(value, dict) else "a list"
        if value is None or place is None or place.is_secret:
            return "this value"
        return _quoted(value) if isinstance(value, str | bool | int) else str(value)


def _own_name(tables: Any, index: int) -> str | None:
    """Give what a table in an array goes by, if no other goes by the same."""
    if not isinstance(tables, list):
        return None
    names = [
        next((t[k] for k in NAMES if isinstance(t, dict) and isinstance(t.get(k), str)), None)
        for t in tables
    ]
    name = names[index]
    is_usable = name and Counter(names)[name] == 1 and re.fullmatch(r"[\w-]+", name, re.ASCII)
    return name if is_usable else None


def _child(node: Any, part: str | int) -> Any:
    if isinstance(node, dict):
        return node if isinstance(part, int) else node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
