"""What a preflight finds."""

from __future__ import annotations

from dataclasses import dataclass

from publisher.model import Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. ``words`` are a sentence for the admin, ``where`` its place."""

    rule: str
    weight: Weight
    words: str
    where: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.words} ({self.where})"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a rule gives; the config then weighs it. One that ``is_slight`` never blocks."""

    words: str
    where: str
    is_slight: bool = False
