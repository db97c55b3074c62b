"""The reference page of all commands, made from them.

``python -m publisher.cli.reference > docs/reference/commands.md``
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer

from publisher.cli import app

_INTRODUCTION = """\
# Commands

<!-- Made by `python -m publisher.cli.reference > docs/reference/commands.md`; change the code. -->

`publisher --help` lists the commands, and `publisher COMMAND --help` tells of one what stands
here.

- The config is the file that `--config` names, before or behind the command, else
  `$PUBLISHER_CONFIG`, else `config/publisher.toml`.
- Exit codes: 0 done, 1 failed, 2 usage or config, 130 interrupted. Standard output has what was
  asked for or done; faults, hints and progress go to standard error.
- On a terminal there are colours, unless `NO_COLOR` is set, and progress bars; elsewhere there
  are plain lines.
- `run`, `web`, `clock` and `worker` log from level `info` on, other commands only errors;
  `PUBLISHER_LOG_LEVEL` (`debug`, `info`, `warning`, `error`) changes that. Lines are `key=value`
  where they go to no terminal, or JSON with `PUBLISHER_LOG=json`.
"""


def page() -> str:
    """Write the page."""
    program: Any = typer.main.get_command(app)
    context = typer.Context(program, info_name="publisher")
    return "\n".join([_INTRODUCTION, *_told(program, context)])


def _told(group: Any, context: Any) -> Iterator[str]:
    for command in group.commands.values():
        inner = typer.Context(command, parent=context, info_name=command.name)
        if hasattr(command, "commands"):
            yield from _told(command, inner)
        else:
            yield from _command(command, inner)


def _command(command: Any, context: Any) -> Iterator[str]:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    names = [each.metavar or each.name.upper() for each in arguments]
    yield f"## `{' '.join([context.command_path, *names])}`\n"
    yield f"{command.help}\n"
    rows = [(name, each.help) for name, each in zip(names, arguments, strict=True) if each.help]
    for option in command.params:
        if option not in arguments:
            declared, meaning = option.get_help_record(context)
            rows.append((declared, meaning))
    if rows:
        yield "| | |\n|---|---|"
        bar = "\\|"  # a plain one ends the cell, even within a code span
        for name, meaning in rows:
            cells = (f"`{name}`", " ".join(meaning.split()))
            yield f"| {' | '.join(cell.replace('|', bar) for cell in cells)} |"
        yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
