"""Issues, what editors decide about them, and how far each part of an audience is."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class IssueState(enum.StrEnum):
    """The states of an issue. Whether it is finished is not one: its balance says that."""

    HELD = "held"  # in its grace time, waiting for approval, or being composed
    OPEN = "open"
    PAUSED = "paused"
    STOPPED = "stopped"
    EMPTY = "empty"
    MISSED = "missed"


# Composed and let out, whatever became of it then. Issues that are held can still be changed.
LET_OUT = (IssueState.OPEN, IssueState.PAUSED, IssueState.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One numbered occurrence of a newsletter's cadence.

    ``slot`` is the local due time as text, unique within (newsletter, cadence); ``due`` is the
    instant that it stands for. ``opens`` is when its grace ends. ``number`` counts the issues
    that a newsletter sent; None before composing, and for one that was never composed.
    ``audience`` counts the deliveries made for it.
    """

    id: int
    newsletter: str
    cadence: str
    slot: str
    due: datetime
    number: int | None
    state: IssueState
    opens: datetime
    approved: bool
    audience: int
    note: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What an editor has decided about one issue; articles are ids.

    ``included`` are printed though nothing selects them any more or at all, to whoever has not had
    them; ``excluded`` are left out, and wait for the issue after it; ``first`` come first, in this
    order. Above the articles stands ``intro``, in Markdown, and where there is none
    ``from_file``: what the newsletter's own file held when the issue was made.
    """

    included: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()
    first: tuple[int, ...] = ()
    intro: str = ""
    from_file: str = ""

    @property
    def text(self) -> str:
        """What is printed above the articles."""
        return self.intro or self.from_file


class WaveState(enum.StrEnum):
    """Whether the readers of a wave have been dealt with."""

    DUE = "due"
    COMPOSED = "composed"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The readers of an issue for whom it falls due at the same time; most issues have one.

    ``own_time`` is the text of what they have chosen, None where everybody is of this wave.
    ``opens`` is when its grace ends. ``cut`` is the instant up to which articles were considered
    for them; None until composing begins.
    """

    id: int
    issue: int
    own_time: str | None
    due: datetime
    opens: datetime
    state: WaveState
    cut: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """The frozen subject, HTML and text of an issue for one set of articles and a language.

    ``parts`` are the newsletters in it, by slug, the first of which it is, with the ids of their
    articles; none in a confirmation. Subject, HTML and text hold slots (`publisher.mail.slots`)
    where a recipient's own values go.
    """

    id: int
    newsletter: str
    issue: int | None
    key: str
    language: str
    subject: str
    html: str
    text: str
    parts: tuple[tuple[str, tuple[int, ...]], ...]
    created: datetime

    @property
    def article_ids(self) -> tuple[int, ...]:
        """All its articles, in the order of print."""
        return tuple(id for _, ids in self.parts for id in ids)


class Weight(enum.StrEnum):
    """What a rule of the preflight does with what it finds; one that is off is not asked."""

    OFF = "off"
    WARN = "warn"
    BLOCK = "block"  # the issue stays held
