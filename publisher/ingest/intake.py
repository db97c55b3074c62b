"""What a pass over a source brought."""

from __future__ import annotations

from dataclasses import dataclass

from publisher.model import Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The outcome of a pass, in articles.

    ``held`` are those that look new and are held, and ``alarm`` is why articles of this source
    are held, from this pass or an earlier one. ``error`` is why the pass failed, None if it
    did not; what it brought before that counts.
    """

    source: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    held: int = 0
    rejected: tuple[Rejection, ...] = ()
    alarm: str | None = None
    error: str | None = None

    @property
    def is_news(self) -> bool:
        """Whether anything that is published became different."""
        return bool(self.new or self.changed or self.withdrawn)

    @property
    def counts(self) -> dict[str, int]:
        """What of it is kept in the source's status."""
        return {
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "withdrawn": self.withdrawn,
            "held": self.held,
            "rejected": len(self.rejected),
        }
