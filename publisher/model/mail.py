"""Mail on the wire, and what comes back of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class BounceKind(enum.StrEnum):
    """What is told of one of our mails: by a mail that came back, or by a provider."""

    HARD = "hard"  # nobody is at this address
    SOFT = "soft"  # not taken this time
    POLICY = "policy"  # refused for who we are or what we say: no fault of the address
    COMPLAINT = "complaint"  # its reader calls it spam
    FEEDBACK = "feedback"  # a feedback report of another type
    DELAYED = "delayed"  # not yet; there will be word of it
    DELIVERED = "delivered"  # evidence that it arrived
    AUTO_REPLY = "auto_reply"
    CHALLENGE = "challenge"  # asks us to prove that we are no machine
    UNSUBSCRIBE = "unsubscribe"
    UNPARSED = "unparsed"


class Consequence(enum.StrEnum):
    """What followed from a bounce."""

    NONE = "none"
    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one mail, or one event of a provider, says. All of it is as hostile as its sender.

    ``tokens`` stood in addresses of ours, ``links`` in unsubscribe links of the returned mail;
    none is verified yet. ``message_id`` and ``address`` are those of the mail that it is about,
    ``status`` an enhanced status code or the type of a feedback report. ``reason`` is why it
    could not be read. ``digest`` is the same for copies of one report.
    """

    kind: BounceKind
    digest: str
    tokens: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    message_id: str = ""
    address: str = ""
    status: str = ""
    diagnostic: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """MAIL FROM and RCPT TO (RFC 5321 §3.3): one recipient a message, always."""

    sender: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Bytes ready for the wire: CRLF line ends, 7-bit (`publisher.mail.wire`).

    ``stuffed`` is all that follows DATA (RFC 5321 §4.5.2): the content with the dots at the
    beginning of its lines doubled, and the line with the final dot.
    """

    envelope: Envelope
    stuffed: bytes

    @property
    def content(self) -> bytes:
        """What the recipient's server takes it for, made when it is asked for."""
        lines = self.stuffed.removesuffix(b".\r\n")
        if b"\r\n.." in lines:
            lines = lines.replace(b"\r\n..", b"\r\n.")
        return lines[1:] if lines.startswith(b"..") else lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The next hop's answer to a message that it took (RFC 5321 §4.2)."""

    code: int
    text: str
