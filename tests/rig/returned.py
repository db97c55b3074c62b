"""Mails that come back, as short as they can be, and the desk to which they come."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from publisher.bounces import Bounces, Policy
from publisher.letters import Stationery
from publisher.model import Address
from publisher.tokens import Purpose
from tests.rig.desk import Desk
from tests.rig.post import SECRET, TOKENS

ADDRESS = Address(mailbox="bounce@example.org")
POLICY = Policy(limit=3, half_life=timedelta(days=30))

_numbers = count(1)


def bounces(desk: Desk, policy: Policy = POLICY) -> Bounces:
    return Bounces(desk.store, stationery=stationery(desk), policy=policy, clock=desk.clock)


def stationery(desk: Desk) -> Stationery:
    return Stationery(
        publication=desk.publication,
        newsletters={desk.newsletter.slug: desk.newsletter},
        tokens=TOKENS,
        secret=SECRET,
        bounce=ADDRESS,
    )


def at(purpose: Purpose, *ids: int) -> str:
    """Give the address of ours that has a token."""
    return f"bounce+{TOKENS.sign(purpose, *ids)}@example.org"


def report(to: str, status: str = "5.1.1", action: str = "failed", diagnostic: str = "no") -> bytes:
    """Write a delivery status notification, each with a Message-ID of its own."""
    return _mail(
        to,
        "multipart/report; report-type=delivery-status; boundary=b",
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; x@example.org\r\n"
        f"Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n\r\n"
        "--b--\r\n",
    )


def complaint(to: str, returned: str = "") -> bytes:
    """Write an abuse report about a mail with this header."""
    return _mail(
        to,
        "multipart/report; report-type=feedback-report; boundary=b",
        "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"
        "User-Agent: test\r\nVersion: 1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\n\r\n--b--\r\n",
    )


def note(to: str, text: str = "Hello.", subject: str = "Hello") -> bytes:
    """Write what a person may write."""
    return _mail(to, "text/plain", text, f"From: reader@example.com\r\nSubject: {subject}\r\n")


def _mail(to: str, content_type: str, body: str, header: str = "") -> bytes:
    header = header or "From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered\r\n"
    return (
        f"{header}To: {to}\r\nMessage-ID: <{next(_numbers)}@mx.example.net>\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n{body}"
    ).encode()
