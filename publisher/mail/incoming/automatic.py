"""Mail that programs send by themselves and that says nothing of an address: not to be counted.

Fields come first (RFC 3834 §5 and those before it); subjects are a last resort, since a person may
write one.
"""

from __future__ import annotations

import re
from email.message import Message

from publisher.mail.incoming import opened
from publisher.model import BounceKind

_DAEMON = re.compile(
    r"(?:^|<|\s)\"?(?:mailer-daemon|postmaster|mail-daemon|mdaemon|mailadmin|mailsystem)[@>\s\"]"
    r"|mail delivery (?:sub)?system|microsoft outlook <",
    re.IGNORECASE,
)
_CHALLENGE_FIELDS = ("X-TMDA-Fingerprint", "X-Spamarrest", "X-Boxbe-Challenge", "X-UOL-Challenge")
_CHALLENGE = re.compile(
    r"\bspam ?arrest\b|\bboxbe\b|\banti-?spam ?(?:uol|challenge)|challenge-response"
    r"|(?:confirm|verify|verification|approve|release|authenticate)\b.{0,40}"
    r"\b(?:message|mail|e-mail|email|sender|delivery)\b"
    r"|bestätigen sie .{0,20}(?:mail|nachricht)|confirmez? .{0,20}(?:message|e-?mail)",
    re.IGNORECASE,
)
_REPLY_FIELDS = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "X-AutoReply-From", "X-Vacation")
_PRECEDENCE = frozenset({"auto_reply", "auto-reply"})
_AWAY = re.compile(
    r"^\s*(?:(?:auto|automatic|automated)[ -]?(?:reply|response|antwort)|autosvar|autoreply"
    r"|out of (?:the )?office|on (?:vacation|holiday)|vacation reply|i am away|away from"
    r"|automatische antwort|abwesenheit|abwesend|nicht im (?:büro|haus)"
    r"|réponse automatique|absen(?:t|ce) du bureau|message d'absence"
    r"|respuesta automática|fuera de (?:la )?oficina|resposta automática|ausência"
    r"|risposta automatica|fuori (?:sede|ufficio)|automatisch antwoord|afwezig"
    r"|automatiskt svar|frånvaro|automaattinen vastaus|poissa"
    r"|odpowiedź automatyczna|autoodpowiedź|nieobecność|automatická odpověď"
    r"|автоответ|автоматический ответ|автоматична відповідь"
    r"|otomatik yan\u0131t|رد تلقائي|自动回复|自動回覆|自動返信|不在(?:通知|のお知らせ)"
    r"|자동 ?회신|부재중)",
    re.IGNORECASE,
)
_UNSUBSCRIBE = re.compile(r"\s*(?:(?:re|aw|sv|tr|fwd?)\s*:\s*)*unsubscribe\b.{0,40}", re.IGNORECASE)


def is_from_daemon(message: Message) -> bool:
    """Say whether a mail system speaks, as far as it can be known."""
    named = " ".join(opened.values(message, "From", "Sender"))
    return _DAEMON.search(named) is not None or "X-Failed-Recipients" in message


def kind(message: Message) -> BounceKind | None:
    """Say which of these mails it is, by what is surest first; None for none of them."""
    subject = opened.value(message, "Subject")
    if _UNSUBSCRIBE.fullmatch(subject):  # as our List-Unsubscribe has it, RFC 2369 §3.2
        return BounceKind.UNSUBSCRIBE
    if _CHALLENGE.search(subject) or any(field in message for field in _CHALLENGE_FIELDS):
        return BounceKind.CHALLENGE
    # RFC 3834 §5: what is not "no" was not written by a person.
    submitted = opened.value(message, "Auto-Submitted").partition(";")[0].strip().lower()
    is_reply = (
        submitted not in ("", "no")
        or any(field in message for field in _REPLY_FIELDS)
        or opened.value(message, "Precedence").lower() in _PRECEDENCE
        or _AWAY.search(subject) is not None
    )
    return BounceKind.AUTO_REPLY if is_reply else None
