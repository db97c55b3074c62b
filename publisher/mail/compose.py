"""A rendition and a recipient's values become a message.

Two stages, because everything but a few values is the same for every recipient: `prepare`
encodes a rendition once, in pieces around its slots; `Prepared.message` encodes the values
and joins. What comes out is 7-bit with CRLF line ends and lines of at most 76 octets in
the body, whatever the values: each piece is whole lines, and each is checked when it is made.

Implements RFC 5322, RFC 2045 to 2047, RFC 2919, RFC 2369, RFC 5064, RFC 8058 and RFC 3834. The
standard library's EmailMessage is the reference that the tests compare with; it is not used
here, since it writes a long List-Unsubscribe as an encoded word and takes milliseconds.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property
from urllib.parse import quote, urlsplit

from publisher.mail import fields, wire
from publisher.mail.address import header
from publisher.mail.slots import Slot, split
from publisher.model import Address, Envelope, Message, Rendition

_MAILTO_SAFE = "@!$'*+"  # RFC 6068 §2
_URL = re.compile(r"https?://[!-;=?-~]+")
# A value that quoted-printable writes as it is, in one line (RFC 2045 §6.7). A dot that is all of
# a line would be quoted.
_PLAIN_VALUE = re.compile(r"[!-\-/-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?")
_MARKUP = re.compile(r"[&<>\"']")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFields:
    """What makes a message one of a mailing list; transactional mail has none of it.

    ``identifier`` is made by `list_identifier`; ``archive`` is the URL of the web archive.
    """

    title: str
    identifier: str
    archive: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """What the header says for every recipient alike.

    ``date`` is when the issue was made, not when it is sent, so that a retry is the same
    message as the first attempt. ``archived_at`` is the URL of the message's own page;
    ``feedback_id`` is made by `publisher.mail.feedback`.
    """

    sender: Address
    date: datetime
    reply_to: Address | None = None
    mailing_list: ListFields | None = None
    archived_at: str | None = None
    feedback_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A rendition encoded for the wire but for its recipients; made by `prepare`.

    ``body`` is MIME fields and both parts as SMTP wants them (`publisher.mail.wire`), with empty
    bytes where a value goes; ``places`` tells of each its position, the slot, and whether it
    stands in the HTML.
    """

    head: bytes
    subject: tuple[str | Slot, ...]
    is_list: bool
    body: tuple[bytes, ...]
    places: tuple[tuple[int, Slot, bool], ...]

    @cached_property
    def slots(self) -> frozenset[Slot]:
        """What a recipient's values have to name."""
        named = {slot for _, slot, _ in self.places}
        named |= {piece for piece in self.subject if isinstance(piece, Slot)}
        return frozenset(named | {Slot.UNSUBSCRIBE_URL} if self.is_list else named)

    def message(
        self,
        *,
        recipient: Address,
        envelope_sender: str,
        message_id: str,
        values: Mapping[Slot, str],
        in_reply_to: str | None = None,
        leaves_by: str | None = None,
    ) -> Message:
        """Make the message of one recipient; the same arguments give the same bytes.

        ``in_reply_to`` is the Message-ID of the message that it is shown below. A mail to
        ``leaves_by`` unsubscribes this recipient.

        ``values`` has every one of ``slots``; a missing one is a KeyError. Raises ValueError for
        a value with a control character and AddressError for such a recipient.
        """
        own = self._own_fields(recipient, message_id, in_reply_to, leaves_by, values)
        pieces = [self.head, *own, *self.body]
        offset = len(pieces) - len(self.body)
        encoded: dict[str, bytes] = {}  # most values stand in both parts and need no escaping
        for position, slot, is_html in self.places:
            value = values[slot]
            if is_html and _MARKUP.search(value):
                value = html.escape(value)
            if value not in encoded:
                encoded[value] = wire.stuffed(_encoded_value(slot, value))
            pieces[offset + position] = encoded[value]
        return Message(
            envelope=Envelope(sender=envelope_sender, recipient=recipient.mailbox),
            stuffed=b"".join(pieces),
        )

    def _own_fields(
        self,
        recipient: Address,
        message_id: str,
        in_reply_to: str | None,
        leaves_by: str | None,
        values: Mapping[Slot, str],
    ) -> list[bytes]:
        """Give the header fields that differ from recipient to recipient."""
        own = [
            fields.folded("To", header(recipient)),
            fields.unfolded("Message-ID", message_id),
        ]
        if in_reply_to is not None:  # RFC 5322 §3.6.4: both, for a message without a thread yet
            own.append(fields.unfolded("In-Reply-To", in_reply_to))
            own.append(fields.unfolded("References", in_reply_to))
        if self.subject:
            own.append(_subject(self.subject, values))
        if self.is_list:
            own += _unsubscribe(values[Slot.UNSUBSCRIBE_URL], leaves_by)
        return own


def prepare(rendition: Rendition, headers: Headers) -> Prepared:
    """Encode everything in a rendition that is the same for all its recipients.

    Raises ValueError for a faulty slot marker, a control character in the subject or the
    list's title or URL, and AddressError for a sender that cannot stand in a header.
    """
    subject = tuple(split(rendition.subject))
    head = _shared_fields(headers)
    if not any(isinstance(piece, Slot) for piece in subject):
        head.append(_subject(subject, {}))
        subject = ()
    # "=_" never comes out of quoted-printable (RFC 2045 §6.7), so no body can hold this.
    boundary = "=_" + hashlib.sha256(rendition.key.encode()).hexdigest()[:32]
    pieces: list[bytes | tuple[Slot, bool]] = [
        b"MIME-Version: 1.0\r\n",
        fields.folded("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
        b"\r\n",
    ]
    # The last part is the one to prefer: RFC 2046 §5.1.4.
    for subtype, text in (("plain", rendition.text), ("html", rendition.html)):
        pieces.append(_part_head(boundary, subtype))
        pieces += _encoded_body(text, is_html=subtype == "html")
        pieces.append(b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    merged = _merged(pieces)
    body = [wire.stuffed(piece) if isinstance(piece, bytes) else b"" for piece in merged]
    body[-1] += wire.FINAL_DOT
    return Prepared(
        head=b"".join(head),
        subject=subject,
        is_list=headers.mailing_list is not None,
        body=tuple(body),
        places=tuple(
            (position, *piece) for position, piece in enumerate(merged) if isinstance(piece, tuple)
        ),
    )


def message_id(key: bytes, *parts: int | str, domain: str) -> str:
    """Give the Message-ID that the parts always have, with its angle brackets.

    A keyed hash: it differs for each person and tells nothing of them to whom it is quoted.
    """
    # hmac.digest() would give the interpreter to another thread meanwhile.
    keyed = hmac.new(key, f"message-id\0{parts!r}".encode(), "sha256")
    return f"<{keyed.hexdigest()[:32]}@{domain}>"


def list_identifier(slug: str, base_url: str) -> str:
    """Give a newsletter's list-id: a label in a domain that is ours (RFC 2919 §3)."""
    host = urlsplit(base_url).hostname or "localhost"
    return f"{slug}.{host.encode('idna').decode('ascii')}"


def _shared_fields(headers: Headers) -> list[bytes]:
    shared = [fields.folded("From", header(headers.sender))]
    if headers.reply_to:
        shared.append(fields.folded("Reply-To", header(headers.reply_to)))
    shared.append(fields.folded("Date", format_datetime(headers.date)))
    if headers.mailing_list:
        shared += _list_fields(headers.mailing_list)
    if headers.archived_at:  # RFC 5064 §2
        url = _bracketed("page in the archive", headers.archived_at)
        shared.append(fields.unfolded("Archived-At", url))
    if headers.feedback_id:
        shared.append(fields.unfolded("Feedback-ID", headers.feedback_id))
    # RFC 3834 §5 for responders that know it, the other for Exchange, which does not. It
    # names what is unwanted, since "All" would suppress delivery reports as well.
    shared.append(fields.unfolded("Auto-Submitted", "auto-generated"))
    shared.append(fields.unfolded("X-Auto-Response-Suppress", "OOF, AutoReply"))
    return shared


def _list_fields(mailing_list: ListFields) -> list[bytes]:
    identifier = f"<{mailing_list.identifier}>"
    if mailing_list.title:
        identifier = f"{fields.phrase(mailing_list.title)} {identifier}"
    shared = [fields.folded("List-Id", identifier)]
    if mailing_list.archive:
        shared.append(
            fields.unfolded("List-Archive", _bracketed("web archive", mailing_list.archive))
        )
    return shared


def _unsubscribe(url: str, mailbox: str | None) -> list[bytes]:
    # On one line and never encoded: a folded one has broken DKIM at relays, an encoded one
    # is no URL to anybody.
    # RFC 8058 §3.1 asks for https; over http, on a site that is being tried out, the page
    # behind the URL obeys all the same, and receivers leave the button away.
    value = _bracketed("unsubscribe page", url)
    if mailbox is not None:
        # RFC 2369 §3.2: what comes first is preferred. Programs without one-click send a mail.
        value += f", <mailto:{quote(mailbox, safe=_MAILTO_SAFE)}?subject=unsubscribe>"
    return [
        fields.unfolded("List-Unsubscribe", value),
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    ]


def _bracketed(what: str, url: str) -> str:
    if not _URL.fullmatch(url):  # not shown: it may hold a token
        raise ValueError(f"the URL of the {what} is not an absolute one in ASCII")
    return f"<{url}>"  # RFC 2369 §2


def _subject(pieces: tuple[str | Slot, ...], values: Mapping[Slot, str]) -> bytes:
    text = "".join(values[piece] if isinstance(piece, Slot) else piece for piece in pieces)
    if fields.CONTROL.search(text):
        raise ValueError(f"the subject holds a control character: {text[:80]!r}")
    return fields.folded("Subject", fields.words(text))


def _part_head(boundary: str, subtype: str) -> bytes:
    return (
        f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode("ascii")


def _encoded_body(text: str, *, is_html: bool) -> list[bytes | tuple[Slot, bool]]:
    """Encode one body around its slots, as whole lines between whole lines.

    A soft break (RFC 2045 §6.7 rule 5) stands on each side of a slot. So a value begins a
    line and ends it, is encoded without knowing its neighbours, and cannot be cut by one.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n") + "\n"
    pieces: list[bytes | tuple[Slot, bool]] = []
    for piece in split(lines):
        if isinstance(piece, Slot):
            pieces.append((piece, is_html))
        else:
            pieces.append(fields.checked_body(_quoted_printable(piece)))
    return pieces


def _encoded_value(slot: Slot, value: str) -> bytes:
    if _PLAIN_VALUE.fullmatch(value):
        return value.encode("ascii") + b"=\r\n"
    if fields.CONTROL.search(value):
        raise ValueError(f"the recipient's {slot.value} holds a control character")
    return fields.checked_body(_quoted_printable(value))


def _quoted_printable(text: str) -> bytes:
    """Encode text in whole lines: one that the text does not end is ended by a soft break.

    b2a_qp sees a blank at the end of a line too late, and then writes lines of 78 octets.
    Octets that UTF-8 never has, which it quotes in time, stand for a final blank and tab,
    and hold the room for the soft break at the end.
    """
    octets = text.encode().replace(b" \n", b"\xff\n").replace(b"\t\n", b"\xfe\n")
    if octets.endswith(b"\n"):
        encoded = binascii.b2a_qp(octets)
    else:
        encoded = binascii.b2a_qp(octets + b"\xfd").removesuffix(b"=FD") + b"=\n"
    encoded = encoded.replace(b"=FF\n", b"=20\n").replace(b"=FE\n", b"=09\n")
    return encoded.replace(b"\n", b"\r\n")


def _merged(
    pieces: list[bytes | tuple[Slot, bool]],
) -> list[bytes | tuple[Slot, bool]]:
    """Join neighbouring bytes, so that a message is joined from as few pieces as can be."""
    merged: list[bytes | tuple[Slot, bool]] = []
    for piece in pieces:
        if merged and isinstance(piece, bytes) and isinstance(merged[-1], bytes):
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged
