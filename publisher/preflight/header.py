"""Rules on what stands before the body: the subject, and how to leave."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from publisher.errors import TokenError
from publisher.mail.fields import CONTROL
from publisher.preflight.finding import Flaw
from publisher.preflight.specimen import Context, Opened, Reading
from publisher.tokens import Purpose

_SUBJECT_COLUMNS = 78
_SUBJECT = r"\?subject=unsubscribe"
_ONE_CLICK = "List-Unsubscribe=One-Click"  # RFC 8058 §3.1

# What turns the direction of all that follows (UAX #9): overrides have disguised names since
# they exist, and an embedding or isolate without its end reaches into the words beside it.
_OVERRIDE = re.compile("[\u202d\u202e]")
_OPENING, _CLOSING = "\u202a\u202b\u2066\u2067\u2068", "\u202c\u2069"


def message(reading: Reading, _: Context) -> Iterator[Flaw]:
    """A mail can be made for every reader; one who cannot have one blocks nobody else's."""
    if reading.unreadable:
        yield Flaw(f"its HTML cannot be read: {reading.unreadable}", reading.place("HTML"))
    failed = [one for one in reading.specimens if one.fault]
    if failed and not reading.opened:
        yield Flaw(
            f"no mail can be made of this issue: {failed[0].fault}", reading.place("the issue")
        )
        return
    for one in failed:
        yield Flaw(
            f"this reader gets none, as no mail can be made for them: {one.fault}",
            one.place,
            is_slight=True,
        )


def unsubscribe(reading: Reading, context: Context) -> Iterator[Flaw]:
    """One click leaves: both fields on a line of their own, a link that is the reader's own."""
    for copy in reading.opened:
        url = None
        for name in ("List-Unsubscribe", "List-Unsubscribe-Post"):
            values = copy.raw(name)
            if len(values) != 1:
                count = "missing" if not values else f"there {len(values)} times"
                yield Flaw(f"the field {name} is {count}; it must be there once", copy.place)
            elif "\n" in values[0] or "=?" in values[0]:
                yield Flaw(f"the field {name} is folded or encoded; relays break it", copy.place)
            elif name == "List-Unsubscribe":
                url, _, mailto = (each.strip("<>") for each in values[0].partition(", "))
                token = re.escape(url.rpartition("/")[2])
                if mailto and not re.fullmatch(rf"mailto:[^?]+\+{token}@[^?]+{_SUBJECT}", mailto):
                    yield Flaw("the mail that List-Unsubscribe asks for leaves nothing", copy.place)
            elif values[0] != _ONE_CLICK:
                yield Flaw(f"the field {name} does not say {_ONE_CLICK}", copy.place)
        if url is None:
            continue
        fault = _misled(url, copy, context)
        if fault:
            yield Flaw(fault, copy.place)
        if html.escape(url) not in copy.html:
            yield Flaw("the unsubscribe link is not in the HTML part", copy.place)
        if url not in copy.text:
            yield Flaw("the unsubscribe link is not in the text part", copy.place)


def _misled(url: str, copy: Opened, context: Context) -> str:
    """Say what is wrong with where a link leads; "" if it ends this very subscription.

    No address is shown: whoever has it can use it.
    """
    base = f"{context.publication.base_url}/u/"
    if not url.startswith(base):
        return f"List-Unsubscribe does not lead to this site's {base}"
    try:
        ids = context.tokens.read(Purpose.UNSUBSCRIBE, url.removeprefix(base))
    except TokenError:
        return "the unsubscribe link is not signed by this site for unsubscribing"
    if ids[0] != copy.specimen.subscription:
        return "the unsubscribe link would end somebody else's subscription"
    return ""


def subject(reading: Reading, _: Context) -> Iterator[Flaw]:
    """A subject is there, is one line of plain characters, and fits into a list of mails."""
    place = reading.place("subject")
    if CONTROL.search(reading.rendition.subject):
        yield Flaw("the subject holds a control character", place)
    for copy in reading.opened:
        text = copy.subject
        if not text.strip():
            yield Flaw("the subject is empty", place)
        if _OVERRIDE.search(text) or not _is_balanced(text):
            yield Flaw("the subject holds a character that turns the direction of writing", place)
        columns = sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
        if columns > _SUBJECT_COLUMNS:
            yield Flaw(
                f"the subject is {columns} columns long; programs cut it at {_SUBJECT_COLUMNS}",
                place,
                is_slight=True,
            )


def _is_balanced(text: str) -> bool:
    found = Counter(text)
    return sum(found[each] for each in _OPENING) == sum(found[each] for each in _CLOSING)
