"""Whose affair a failure is: the address's, for good or for now, or ours.

Status codes (RFC 3463) decide where they say something. Many hosts give one that says nothing, or
the wrong one, and say in words that there is nobody; the words were collected from what large
providers answer.
"""

from __future__ import annotations

import re

from publisher.model import BounceKind
from publisher.replies import Status

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)", re.ASCII)
# RFC 3463 §3.2 and §3.4: our own address is wrong, or the mail is too large for everybody.
_OURS = frozenset({(1, 7), (1, 8), (3, 4)})
_CONTENT, _POLICY = 6, 7
_NOBODY = re.compile(
    r"user unknown|unknown (?:user|recipient|mailbox)"
    r"|no such (?:user|recipient|mailbox|address|account|person)"
    r"|(?:user|recipient|mailbox|account|address|alias)\b[^.;]{0,60} (?:does not|doesn't) exist"
    r"|doesn't have an? \S{1,60} account"
    r"|(?:user|mailbox|recipient|account)(?: was| is)? not (?:found|known)"
    r"|(?:mailbox|account|user)(?: has been| is|) (?:disabled|deactivated|closed|terminated)"
    r"|no mailbox here by that name|not a valid (?:mailbox|recipient|user)"
    r"|not listed in (?:domino directory|public name & address book)"
    r"|requested action not taken: mailbox unavailable"
    r"|recipient address rejected: access denied"
    r"|empf(?:ä|ae)nger unbekannt|unbekannter (?:nutzer|empf)|utilisateur inconnu"
    r"|用户不存在|收件人.{0,12}不存在|пользователь не найден",
    re.IGNORECASE,
)
# The same words of our own address.
_OF_SENDER = re.compile(r"\bsender (?:address|domain|user|verif|unknown|rejected)", re.IGNORECASE)


def statuses(text: str) -> list[tuple[int, Status]]:
    """Find the enhanced status codes in a text: class, and subject with detail."""
    return [
        (int(found[1]), Status(int(found[2]), int(found[3]))) for found in _STATUS.finditer(text)
    ]


def says_nobody(text: str) -> bool:
    """Say whether a text tells in words that there is no such recipient."""
    return _NOBODY.search(text) is not None and not _OF_SENDER.search(text)


def failure(told: str, diagnostic: str) -> tuple[BounceKind, str]:
    """Judge a mail that will not be delivered; give the status that this follows from as well.

    ``told`` is the status field's text. Where that is of no subject or detail, the code within
    the diagnostic text counts, which is what the host itself said (RFC 3464 §2.3.6).
    """
    found = statuses(told)[:1]
    if not found or 0 in found[0][1]:
        found = statuses(diagnostic)[:1] or found
    kind, status = (found or [(5, Status(0, 0))])[0]
    code = f"{kind}.{status.subject}.{status.detail}" if found else ""
    if (kind == 5 and status.is_dead) or (says_nobody(diagnostic) and status not in _OURS):
        return BounceKind.HARD, code
    if status in _OURS or status.subject in (_CONTENT, _POLICY) or _OF_SENDER.search(diagnostic):
        return BounceKind.POLICY, code
    return BounceKind.SOFT, code
