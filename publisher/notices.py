"""What the admin is told of: what happened, what becomes of it, and the command to type next.

The verbs note these with `publisher.store.notices`; `publisher.notify` mails them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from publisher.model import Cadence, Issue, Newsletter, Notice

_MOST_LINES = 20


def not_made(issue: Issue, newsletter: Newsletter, reason: str) -> Notice:
    """Say that an issue cannot be made, once for each reason."""
    return Notice(
        key=f"issue {issue.id} not made: {reason}",
        subject=f"{_name(issue)}: issue {issue.id} is held",
        text=f"""\
{_which(issue, newsletter)} cannot be made:

  {reason}

Whoever has not got it by now waits. It is tried again each minute, and goes out
as soon as this is mended.

  publisher check                   tells every fault in config and templates
  publisher preview {issue.newsletter} --cadence {issue.cadence}
                                    shows it as it would be now
  publisher issues cancel {issue.id}        stops it: its articles go out with the next
""",
    )


def made_after_all(issue: Issue, newsletter: Newsletter) -> Notice:
    """Say that an issue which could not be made is made now."""
    return Notice(
        # Once for each reason that it was held for.
        key=f"issue {issue.id} made: {issue.note}",
        subject=f"{_name(issue)}: issue {issue.id} is held no longer",
        text=f"""\
{_which(issue, newsletter)} has been made after all. It had been held:

  {issue.note}

There is nothing to do.

  publisher issues show {issue.id}          tells how it fares
""",
    )


def waits_for_approval(issue: Issue, newsletter: Newsletter) -> Notice:
    """Say that an issue goes out only when somebody lets it."""
    return Notice(
        key=f"issue {issue.id} waits for approval",
        subject=f"{_name(issue)}: issue {issue.id} waits for approval",
        text=f"""\
{_which(issue, newsletter)} waits until somebody approves it.

  publisher preview {issue.newsletter} --cadence {issue.cadence}
                                    shows it as it would be now
  publisher issues edit {issue.id} --help   leaves articles out, and more
  publisher issues approve {issue.id}       lets it go out
  publisher issues cancel {issue.id}        stops it: its articles go out with the next
""",
    )


def mails_refused(issue: Issue, relay: str, reason: str) -> Notice:
    """Say that an issue was paused, since a relay refuses it whoever it is for."""
    return Notice(
        key=f"issue {issue.id} refused: {reason}",
        subject=f"{_name(issue)}: issue {issue.id} is paused, its mails are refused",
        text=f"""\
The relay {relay} refused one mail of issue {issue.id} after the other, each
time for the same reason:

  {reason}

The issue is paused, so that its other readers can still get it. Once you know
what the relay does not like, and it is mended (what the issue says, or whether
we may send: the login, the sender's domain, its SPF, DKIM and DMARC records):

  publisher issues retry {issue.id} --only failed
                                    has those tried again that were refused
  publisher issues resume {issue.id}        goes on
  publisher issues cancel {issue.id}        stops it: its articles go out with the next
""",
    )


def slots_missed(newsletter: Newsletter, cadence: Cadence, late: Mapping[str, str]) -> Notice:
    """Say which slots passed while nobody kept time. ``late`` maps each to what became of it."""
    name = f"{newsletter.slug}, {cadence.name}"
    slots = list(late)
    shown = [f"  {slot}  {late[slot]}" for slot in slots[:_MOST_LINES]]
    if len(slots) > _MOST_LINES:
        shown.append(f"  and {len(slots) - _MOST_LINES:,} more")
    lines = "\n".join(shown)
    return Notice(
        key=f"{name}: missed {slots[0]} to {slots[-1]}",
        subject=f"{name}: {len(slots):,} slot{'' if len(slots) == 1 else 's'} missed",
        text=f"""\
Nobody kept time when {name} was due, on the clock of {newsletter.timezone.key}:

{lines}

The articles of what is not made go out with the next issue that is: nothing is lost, and
nothing comes twice. What becomes of such slots is up to `max_lateness` and `missed` of the
newsletter. `publisher run` or `publisher clock` must run for issues to be made in time.

  publisher issues list --newsletter {newsletter.slug}
                                    shows them all
""",
    )


def webhook_fails(name: str, since: datetime, reason: str) -> Notice:
    """Say that a webhook has failed for long, once for each time that it begins to."""
    return Notice(
        key=f"webhook {name} fails since {since.isoformat()}",
        subject=f"webhook {name} fails",
        text=f"""\
The webhook {name} has not been told of anything since {since:%Y-%m-%d %H:%M %Z}:

  {reason}

Nothing is lost: it is tried again for some days, and told everything in its order
as soon as it takes it. After that it is left alone.

  publisher webhooks test {name}    sends it a message and shows what it answers
  publisher webhooks list           shows how much waits for it
""",
    )


def webhook_stopped(name: str, now: datetime, reason: str) -> Notice:
    """Say that a webhook is left alone from now on."""
    return Notice(
        key=f"webhook {name} stopped at {now.isoformat()}",
        subject=f"webhook {name} is stopped",
        text=f"""\
The webhook {name} is told nothing more:

  {reason}

What happens from now on is kept. Once it is mended,

  publisher webhooks test {name}    sends it a message and shows what it answers
  publisher webhooks replay {name}  goes on where it stopped
""",
    )


def too_many_sign_ups(total: tuple[int, int], now: datetime) -> Notice:
    """Say that forms are refused, once a day."""
    count, seconds = total
    return Notice(
        key=f"too many sign-ups on {now:%Y-%m-%d}",
        subject="sign-ups are refused: there are too many",
        text=f"""\
More people sign up than `[signup]` lets in ({count:,} in {seconds:,} seconds in all, or too many
of one mail provider). Perhaps somebody fills in your forms with other people's addresses.

Those who come now are told to come back later. Nobody is subscribed without pressing the
button in a mail, and nobody is mailed more than once a day.

  publisher subscribers list --state pending
                                    shows who was asked and has not answered
  publisher status                  shows what waits

If they are real, raise `total` and `per_domain` of `[signup]`.
""",
    )


def _name(issue: Issue) -> str:
    return f"{issue.newsletter}, {issue.cadence}"


def _which(issue: Issue, newsletter: Newsletter) -> str:
    due = issue.due.astimezone(newsletter.timezone)
    return f"The issue of {_name(issue)} that was due on {due:%Y-%m-%d %H:%M %Z}"
