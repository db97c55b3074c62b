"""The block of keys at the head of a Markdown file: YAML between ---, TOML between +++.

Reads it into plain values and knows on which line each key stands; what the keys mean is
`publisher.content.fields`' business.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

# A block of this size is no front matter, and PyYAML needs seconds for a megabyte.
_MAX_CHARACTERS = 65_536
_MAX_DEPTH = 10
_TOML_KEY = re.compile(r"""^\s*(?:\[\[?\s*)?["']?([\w-]+)["']?\s*[.=\]]""")
_TOML_PLACE = re.compile(r"^(.*?) \(at (?:line (\d+), column \d+|end of document)\)$", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The keys with their values, and the line of the file on which each stands.

    Values are str, bool, int, float, date, datetime, None, and lists and dicts of these. A
    YAML scalar is its text, so that `title: 1984` and `language: no` mean what they say.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def fault(self, key: str, sentence: str) -> ValueError:
        """Make the error that tells an editor what is wrong with a key."""
        return _fault(self.lines.get(key), f'"{key}" {sentence}')


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """Part a text into its front matter, empty if it has none, and what follows it.

    Raises ValueError with a sentence that names the line when it cannot be read.
    """
    fence = next(
        (mark for mark in ("---", "+++") if re.match(re.escape(mark) + r"\s*\n", text)), ""
    )
    if not fence:
        return FrontMatter(), text
    lines = text.split("\n")
    closers = ("---", "...") if fence == "---" else ("+++",)
    end = next((n for n, line in enumerate(lines) if n and line.rstrip() in closers), None)
    if end is None:
        raise _fault(
            1, f"it opens with {fence} and is never closed; write {fence} below its last key"
        )
    block = "\n".join(lines[1:end])
    if len(block) > _MAX_CHARACTERS:
        raise _fault(
            1, f"it is {len(block):,} characters long; at most {_MAX_CHARACTERS:,} are read"
        )
    front = _read_yaml(block) if fence == "---" else _read_toml(block)
    return front, "\n".join(lines[end + 1 :])


def _fault(line: int | None, sentence: str) -> ValueError:
    return ValueError(
        f"front matter line {line}: {sentence}" if line else f"front matter: {sentence}"
    )


# --- YAML -------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Composes nodes, which name their lines, and refuses what could grow without bound.

    No Python object is ever constructed from a tag: the nodes are all that is used.
    """

    def __init__(self, block: str) -> None:
        super().__init__(block)
        self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = _line(event.start_mark)
        if getattr(event, "anchor", None):  # an alias names one, too
            raise _fault(line, "anchors (&name) and aliases (*name) are not read; write it out")
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _fault(line, f"the YAML is nested more than {_MAX_DEPTH} levels deep")
        node: yaml.Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]
        self.depth -= 1
        return node


_YAML_HINTS = (
    'a value that holds ": " or begins with a sign such as @ or % must stand in quotes',
    "indent with blanks, not with tabs",
)


def _read_yaml(block: str) -> FrontMatter:
    try:
        root = _Loader(block).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        is_tab = "'\\t'" in str(error.problem)
        raise _fault(
            _line(mark) if mark else None,
            f"the YAML cannot be read here ({error.problem}); {_YAML_HINTS[is_tab]}",
        ) from error
    except yaml.YAMLError as error:
        raise _fault(None, f"the YAML cannot be read ({error})") from error
    if root is None:
        return FrontMatter()
    if not isinstance(root, yaml.MappingNode):
        raise _fault(
            _line(root.start_mark), 'here stands no key; write one a line, such as "title: ..."'
        )
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in root.value:
        key, line = str(key_node.value), _line(key_node.start_mark)
        if key in values:
            raise _fault(line, f'"{key}" stands there twice, first on line {lines[key]}')
        values[key], lines[key] = _plain(value_node), line
    return FrontMatter(values=values, lines=lines)


def _line(mark: yaml.Mark) -> int:
    """Count from 1, and the opening fence in."""
    return int(mark.line) + 2


def _plain(node: yaml.Node) -> object:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child) for child in node.value]
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    return None if node.tag == "tag:yaml.org,2002:null" else str(node.value)


# --- TOML -------------------------------------------------------------------------------


def _read_toml(block: str) -> FrontMatter:
    lines: dict[str, int] = {}
    for number, line in enumerate(block.split("\n"), start=2):
        if found := _TOML_KEY.match(line):
            lines.setdefault(found.group(1), number)
    try:
        return FrontMatter(values=tomllib.loads(block), lines=lines)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_PLACE.match(str(error))
        problem = found.group(1) if found else str(error)
        line_number = int(found.group(2)) + 1 if found and found.group(2) else None
        raise _fault(
            line_number, f"the TOML cannot be read here ({problem}); text must stand in quotes"
        ) from error
    except RecursionError as error:
        raise _fault(None, "the TOML is nested too deeply") from error
