"""Following an issue while it goes out: `publisher issues show ID --watch`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from publisher.cli import running, show
from publisher.cli.issues import balance_of, doubt, equation, found
from publisher.model import Balance, Issue, IssueState

if TYPE_CHECKING:
    from publisher.app import App

_GLANCE_SECONDS = 1.0
_RATE_SECONDS = 10.0  # that the rate is taken over
_PLAIN_SECONDS = 10.0  # between two plain lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """An issue at a moment; ``rate`` is in mails a second, over the last seconds."""

    issue: Issue
    balance: Balance
    rate: float

    @property
    def left(self) -> timedelta | None:
        """How long the rest takes at this rate; None where that cannot be said."""
        if self.issue.state is not IssueState.OPEN or self.rate <= 0:
            return None
        return timedelta(seconds=round(self.balance.pending / self.rate))

    @property
    def is_last(self) -> bool:
        """Whether nothing is left that would be sent by itself."""
        return self.issue.state is not IssueState.HELD and self.balance.is_finished

    def __str__(self) -> str:
        balance = self.balance
        left = "" if self.left is None else f", {self.left} left"
        return (
            f"issue {self.issue.id}, {self.issue.state}: {balance.accepted:,} accepted,"
            f" {balance.failed:,} failed, {balance.in_doubt:,} in doubt,"
            f" {balance.pending:,} pending of {balance.audience:,}; {self.rate:,.0f}/s{left}"
        )


async def follow(app: App, id: int, *, as_json: bool) -> int:
    """Show an issue until nothing of it is left to send; give the exit code.

    Ctrl-C ends the watching and nothing else. Counting takes a small part of the time, and
    happens once a second at most. Raises PublisherError if there is no such issue.
    """
    rate = _Rate()
    with running.asked_to_stop() as stop, _shown(as_json=as_json) as look:
        while True:
            began = time.monotonic()
            issue = await found(app, id)
            balance = await balance_of(app, issue)
            sight = Sight(issue=issue, balance=balance, rate=rate.after(balance))
            look(sight)
            if sight.is_last or stop.is_set():
                break
            await running.either(stop, max(_GLANCE_SECONDS, 20 * (time.monotonic() - began)))
    if not as_json:
        show.say(f"issue {id}: {equation(balance)}")
        if balance.in_doubt:
            show.notice(doubt(issue, balance))
    if not sight.is_last:
        return 130
    return 0 if balance.holds else 1


@dataclass(slots=True)
class _Rate:
    """How fast mails are settled by the relay, from what was counted in the last seconds."""

    _counted: deque[tuple[float, int]] = field(default_factory=deque)

    def after(self, balance: Balance) -> float:
        """Take in a count; give the mails a second."""
        now = time.monotonic()
        self._counted.append((now, balance.accepted + balance.failed))
        while len(self._counted) > 2 and self._counted[1][0] <= now - _RATE_SECONDS:
            self._counted.popleft()
        (since, before), (_, after) = self._counted[0], self._counted[-1]
        return (after - before) / (now - since) if now > since else 0.0


# --- showing ------------------------------------------------------------------------------


@contextmanager
def _shown(*, as_json: bool) -> Iterator[Callable[[Sight], None]]:
    """Give what shows a sight: a bar on a terminal, else a plain line now and then."""
    console = show.out()
    if as_json:
        yield lambda sight: show.line(_figures(sight))
    elif console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            yield lambda sight: live.update(_bar(sight), refresh=True)
    else:
        yield _Lines().say


def _figures(sight: Sight) -> dict[str, object]:
    balance = sight.balance
    return {
        "issue": sight.issue.id,
        "state": sight.issue.state,
        "audience": balance.audience,
        "accepted": balance.accepted,
        "failed": balance.failed,
        "skipped": balance.skipped,
        "pending": balance.pending,
        "in_doubt": balance.in_doubt,
        "rate": round(sight.rate, 1),
        "seconds_left": None if sight.left is None else int(sight.left.total_seconds()),
    }


def _bar(sight: Sight) -> Table:
    balance = sight.balance
    done = balance.audience - balance.pending
    # A bar without a total would swing to and fro, as if there were something to do.
    bar = ProgressBar(total=max(1, balance.audience), completed=done, width=60)
    both = Table.grid()
    both.add_row(bar)
    both.add_row(Text(f"{sight}{_how_to_go_on(sight)}"))
    return both


class _Lines:
    """Says a line every ten seconds, and at once when the state changes or all is over."""

    def __init__(self) -> None:
        self._said = float("-inf")
        self._state: IssueState | None = None

    def say(self, sight: Sight) -> None:
        now = time.monotonic()
        is_news = sight.issue.state is not self._state or sight.is_last
        if is_news or now - self._said >= _PLAIN_SECONDS:
            self._said, self._state = now, sight.issue.state
            show.say(f"{sight}{_how_to_go_on(sight)}")


def _how_to_go_on(sight: Sight) -> str:
    if sight.issue.state is IssueState.PAUSED:
        return f"; `publisher issues resume {sight.issue.id}` sends the rest"
    if sight.issue.state is IssueState.STOPPED:
        return "; it was cancelled"
    return ""
