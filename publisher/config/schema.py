"""Asking the models: what stands at a key, and what may be written there.

Serves the faults and the reference page, so that both say the same.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from publisher.settings import Allowed

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A key's type and what is noted about it."""

    type: Any
    notes: tuple[Any, ...] = ()

    @classmethod
    def of(cls, annotation: Any, notes: tuple[Any, ...] = ()) -> Place:
        """Look through Annotated and "or None" to the type itself."""
        origin = get_origin(annotation)
        if origin is Annotated:
            inner, *more = get_args(annotation)
            return cls.of(inner, (*notes, *more))
        if origin in (Union, UnionType):
            choices = [arg for arg in get_args(annotation) if arg is not NoneType]
            if len(choices) == 1:
                return cls.of(choices[0], notes)
        return cls(annotation, _flat(notes))

    @property
    def table(self) -> type[BaseModel] | None:
        """The model, if a table stands here."""
        is_table = isinstance(self.type, type) and issubclass(self.type, BaseModel)
        return self.type if is_table else None

    @property
    def items(self) -> Place | None:
        """What stands in each place of a list or dict."""
        if get_origin(self.type) in (tuple, list, dict):
            return Place.of(next(a for a in reversed(get_args(self.type)) if a is not Ellipsis))
        return None

    @property
    def names(self) -> Place | None:
        """What the keys of a dict may be."""
        return Place.of(get_args(self.type)[0]) if get_origin(self.type) is dict else None

    def at(self, path: KeyPath) -> Place | None:
        """Go down a path; None if the models know no such key."""
        place: Place | None = self
        for part in path:
            if place is None:
                return None
            if isinstance(part, str) and get_origin(place.type) in (tuple, list):
                place = place.items or place  # a table in the place of a list of one
            place = keys(place.table).get(str(part)) if place.table else place.items
        return place

    @property
    def is_secret(self) -> bool:
        """Whether the value must be in no message."""
        return self.type is SecretStr

    @property
    def allowed(self) -> str | None:
        """What may be written, to follow "allowed:"; None if only pydantic knows."""
        for note in reversed(self.notes):  # what a key says itself comes behind its type
            if isinstance(note, Allowed):
                return note.text
        if self.table:
            return "a table"
        if self.items:
            return self._several(self.items)
        if get_origin(self.type) is Literal:
            return _choice(get_args(self.type))
        if not isinstance(self.type, type):
            return None
        if issubclass(self.type, enum.Enum):
            return _choice(member.value for member in self.type)
        if self.type is int:
            return self._whole_number()
        return {bool: "true or false", str: "text", SecretStr: "text", Path: "a path"}.get(
            self.type
        )

    def _several(self, each: Place) -> str:
        if each.table:
            return "a table under each name" if self.names else "tables in double brackets"
        size = " of at least one" if MinLen(1) in self.notes else ""
        return f"a list{size}, each item: {each.allowed}"

    def _whole_number(self) -> str:
        low = next((note.ge for note in self.notes if isinstance(note, Ge)), None)
        high = next((note.le for note in self.notes if isinstance(note, Le)), None)
        return (
            "a whole number"
            + (f" from {low}" if low is not None else "")
            + (f" to {high}" if high is not None else "")
        )


def keys(table: type[BaseModel]) -> dict[str, Place]:
    """Give a table's keys as they are written in the file, in the model's order."""
    return {
        field.alias or name: Place.of(field.annotation, tuple(field.metadata))
        for name, field in table.model_fields.items()
    }


def _flat(notes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Bring out what stands within a Field() that is part of an Annotated."""
    found: list[Any] = []
    for note in notes:
        found += note.metadata if isinstance(note, FieldInfo) else [note]
    return tuple(found)


def _choice(values: Any) -> str:
    *first, last = (f'"{value}"' for value in values)
    return f"{', '.join(first)} or {last}" if first else str(last)
