"""The reference page of the config file, made from the models."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from publisher import providers
from publisher.config import kinds
from publisher.config.models import Site
from publisher.config.schema import Place, keys
from publisher.config.site import Endpoint

_INTRODUCTION = """\
# The config file

<!-- Made by `python -m publisher.config > docs/reference/config.md`; change the models. -->

`publisher` reads one TOML file: the one that `--config` names, else `$PUBLISHER_CONFIG`, else
`config/publisher.toml`. `publisher check` prints every fault in it as
`file: key: what is wrong, allowed: what is`.

- `${NAME}` within any text is replaced by that variable of the environment; `$$` is one `$`.
  A variable that does not exist is a fault.
- Any key that holds text may be given as `KEY_file` instead: the value is then read from that
  file, without its last line end. Use it for secrets. (A key below that ends so itself is the name
  of a file that is read when it is needed.)
- Relative paths are relative to the folder of the config file.
- A duration is a number and its unit: `s` seconds, `m` minutes, `h` hours, `d` days.
- The smallest file that works has `publication.title`, `publication.base_url` and one source.
"""


def page() -> str:
    """Give the page as Markdown."""
    sections = [_INTRODUCTION, *_tables(Site, "")]
    for name, module in kinds.shipped().items():
        title = f'## `[[sources]]` with `kind = "{name}"`'
        sections.append(
            f"{title}\n\n{_sentences(module.Settings.__doc__)}\n\n{_rows(module.Settings)}"
        )
        sections += _tables(module.Settings, "", "sources")
    for name, module in kinds.shipped(providers).items():
        title = f"## `[bounces.webhooks.{name}]`"
        sections.append(
            f"{title}\n\n{_sentences(module.Settings.__doc__)}\n\n{_rows(module.Settings)}"
        )
    return "\n".join(sections)


def _tables(table: type[BaseModel], name: str, above: str = "") -> Iterator[str]:
    """Give a section for a table, unless it has no name, and one for each table within."""
    if name:
        yield f"## `{name}`\n\n{_sentences(table.__doc__)}\n\n{_rows(table)}"
    for key, place in keys(table).items():
        inner = (place.items or place).table
        if inner is not None:
            yield from _tables(inner, _title(name or above, key, place))


def _title(above: str, key: str, place: Place) -> str:
    path = f"{above.strip('[]')}.{key}".removeprefix(".")
    if place.names:
        return f"[{path}.NAME]"
    return f"[[{path}]]" if place.items else f"[{path}]"


def _rows(table: type[BaseModel]) -> str:
    lines = ["| key | default | allowed | meaning |", "|---|---|---|---|"]
    for (key, place), field in zip(keys(table).items(), table.model_fields.values(), strict=True):
        meaning = _sentences(field.description)
        cells = (f"`{key}`", _default(field), place.allowed or "", meaning)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "shown" in extra:
        return f"`{extra['shown']}`"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "must be given"
    if value is None or isinstance(value, BaseModel) or value in ("", (), {}):
        return "none"
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    """Write a value as it would stand in the file."""
    match value:
        case bool() | int() | float():
            return json.dumps(value)
        case Endpoint(host, port):
            return f'"{host}:{port}"'
        case tuple() | list():
            return f"[{', '.join(map(_toml, value))}]"
        case timedelta():
            return f'"{_duration(value)}"'
        case SecretStr():
            return json.dumps(value.get_secret_value())
        case enum.Enum():
            return _toml(value.value)
        case str() | Path() | ZoneInfo():
            return json.dumps(str(value), ensure_ascii=False)
    raise AssertionError(f"no TOML is known for {value!r}")


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _sentences(text: str | None) -> str:
    return " ".join((text or "").split())
