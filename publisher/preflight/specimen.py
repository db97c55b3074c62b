"""Specimens: mails of an issue as real readers get them, and what is read back from their bytes."""

from __future__ import annotations

import email
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message as Parsed
from functools import cached_property

from publisher.content import tree
from publisher.errors import AddressError
from publisher.letters import Letters
from publisher.mail.slots import END, START, Slot, split
from publisher.model import Article, Newsletter, Publication, Rendition, Subscription, Weight
from publisher.tokens import Tokens

_FOLD = re.compile(r"\r?\n(?=[ \t])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One mail of an issue, made as its reader's will be.

    ``articles`` are those that the rendition shows, ``subscription`` is whose links it holds.
    ``message`` is empty where none could be made, and ``fault`` then says why.
    """

    rendition: Rendition
    newsletter: Newsletter
    articles: Sequence[Article]
    subscription: int
    values: Mapping[Slot, str]
    message: bytes
    fault: str = ""

    @property
    def place(self) -> str:
        """Where it is, for a finding."""
        return f"the mail to {self.values[Slot.ADDRESS]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an issue is judged by.

    ``weights`` are the config's, by rule. ``audience`` and ``last_audience`` count the readers
    of this issue and of the last one of its cadence; None where that is not known.
    """

    publication: Publication
    tokens: Tokens
    weights: Mapping[str, Weight]
    audience: int | None = None
    last_audience: int | None = None


def specimens(
    rendition: Rendition,
    *,
    newsletter: Newsletter,
    articles: Sequence[Article],
    readers: Iterable[Subscription],
    letters: Letters,
) -> list[Specimen]:
    """Make the mail of a rendition for each of these readers. Asks no store."""
    prepared, fault = None, ""
    try:
        prepared = letters.prepare(rendition, is_list=True)
    except (ValueError, AddressError) as error:
        fault = str(error)
    made = []
    for reader in readers:
        values = letters.values(reader.address, reader.id, rendition=rendition.id)
        message, why = b"", fault
        if prepared is not None:
            try:
                message = letters.fill(
                    prepared,
                    reader.address,
                    reader.id,
                    envelope_sender=newsletter.sender.mailbox,
                    message_id=f"<preflight@{newsletter.sender.domain}>",
                    rendition=rendition.id,
                ).content
            except (ValueError, AddressError) as error:
                why = str(error)
        made.append(
            Specimen(
                rendition=rendition,
                newsletter=newsletter,
                articles=articles,
                subscription=reader.id,
                values=values,
                message=message,
                fault=why,
            )
        )
    return made


class Opened:
    """A specimen as a mail program reads it from its bytes."""

    def __init__(self, specimen: Specimen) -> None:
        self.specimen = specimen
        self.place = specimen.place
        self._parsed = email.message_from_bytes(specimen.message)
        bodies = {part.get_content_type(): _octets(part) for part in self._parsed.walk()}
        self.html_bytes = bodies.get("text/html", b"")
        self.html = self.html_bytes.decode("utf-8", "replace")
        self.text = bodies.get("text/plain", b"").decode("utf-8", "replace")

    @property
    def subject(self) -> str:
        """The subject in characters, unfolded (RFC 5322 §2.2.3)."""
        raw = _FOLD.sub("", str(self._parsed.get("Subject", "")))
        return str(make_header(decode_header(raw)))

    def raw(self, name: str) -> list[str]:
        """Give the values of all fields of this name, line ends within them kept."""
        wanted = name.lower()
        return [str(value) for key, value in self._parsed.items() if key.lower() == wanted]


class Reading:
    """A rendition taken apart once, and the mails that its readers open.

    ``html`` and ``text`` are the rendition's with the first reader's links in their slots and
    without a name: what differs from reader to reader is looked at in ``opened``. ``page`` is
    the HTML as a tree; a bare one if ``unreadable`` says why it could not be read.
    """

    def __init__(self, specimens: Sequence[Specimen]) -> None:
        self.specimens = specimens
        self.rendition = specimens[0].rendition
        self.newsletter = specimens[0].newsletter
        self.articles = specimens[0].articles
        self.opened = [Opened(one) for one in specimens if one.message]
        values = {**specimens[0].values, Slot.NAME: ""}
        self.html = _filled(self.rendition.html, values)
        self.text = _filled(self.rendition.text, values)
        self.unreadable = ""
        try:
            self.page = tree.parse(self.html, is_fragment=False)
        except ValueError as error:
            self.unreadable = str(error)
            self.page = tree.parse("<p></p>", is_fragment=True)

    def place(self, part: str) -> str:
        """Name a part of this rendition, for a finding."""
        return f"{part}, {self.rendition.language}"

    @cached_property
    def material(self) -> str:
        """All that the rendition was made of and no template wrote."""
        about = [self.newsletter.title, self.newsletter.description]
        for one in self.articles:
            about += [one.title, one.summary, one.html, one.text, one.section or "", *one.tags]
            about += [person.name for person in (*one.authors, *one.contributors)]
        return "\n".join(about)


def _filled(body: str, values: Mapping[Slot, str]) -> str:
    """Put plain values, none of which needs escaping, into the slots of a body."""
    try:
        return "".join(values[piece] if isinstance(piece, Slot) else piece for piece in split(body))
    except ValueError:  # half a marker, which the rule `slots` tells of
        return body.replace(START, "").replace(END, "")


def _octets(part: Parsed) -> bytes:
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""
