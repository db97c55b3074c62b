"""Every error that the package raises on purpose.

The type says what the caller should do; the message is one sentence for the admin:
what failed, on which object, and what to do about it.
"""

from __future__ import annotations

from datetime import timedelta

from publisher import replies
from publisher.replies import Status


class PublisherError(Exception):
    """The root: catch it at the outermost edge, print its message, and exit with 1."""


class ConfigError(PublisherError):
    """The config cannot be used. ``faults`` holds every fault found, not only the first."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class SourceError(PublisherError):
    """A whole source cannot be read now: keep what is published, try again later.

    ``rest`` is for how long the source asks to be left alone (RFC 9110 §10.2.3), None if it
    does not say. ``is_final`` says that it has gone for good: asking again is of no use until
    somebody changes its config.
    """

    def __init__(
        self, message: str, *, rest: timedelta | None = None, is_final: bool = False
    ) -> None:
        super().__init__(message)
        self.rest = rest
        self.is_final = is_final


class FetchError(PublisherError):
    """A page of the web cannot be had, or must not be: no answer came that could be used.

    ``reason`` is the message without the page's address, which may be nobody else's business.
    ``is_too_large`` says that there is an answer, and that it would have been too much.
    """

    def __init__(self, place: str, reason: str, *, is_too_large: bool = False) -> None:
        super().__init__(f"{place}: {reason}")
        self.reason = reason
        self.is_too_large = is_too_large


class TemplateError(PublisherError):
    """A template, or the text that an editor wrote for one, cannot be found, read or rendered."""

    def __init__(self, template: str, line: int | None, reason: str) -> None:
        where = f"{template}:{line}" if line else template
        super().__init__(f"{where}: {reason}")
        self.template = template
        self.line = line


class PreflightError(PublisherError):
    """An issue is not fit to be sent: hold it, and have the admin told."""


class TokenError(PublisherError):
    """A token is forged, damaged or for something else: answer as for one never made."""


class TokenEnded(TokenError):
    """A token that we made is good no more: its time is over, or what it was for has gone.

    ``newsletter`` is the slug of the one that its holder can sign up for again, if there is one.
    """

    def __init__(self, message: str, newsletter: str | None = None) -> None:
        super().__init__(message)
        self.newsletter = newsletter


class UndoEnded(TokenEnded):
    """A token undoes a leaving no more."""


class AddressError(PublisherError):
    """A mail address cannot be written to: reject it with this reason."""


class StoreError(PublisherError):
    """The database is missing, too old or too new, or a named row does not exist."""


class MailboxError(PublisherError):
    """What comes back cannot be fetched now: nothing is lost, try again later."""


class TransportError(PublisherError):
    """Handing a message on went wrong. The subclass says whether it may have left."""


class Refused(TransportError):
    """The next hop answered with a refusal: surely not taken.

    ``permanent`` is decided here, once, from the reply (RFC 5321 §4.2.1): 5yz is permanent.
    ``of_recipient`` and ``of_content`` say that it was the answer to the recipient or to the
    message, and not to its sender. ``status`` is what the reply says besides.
    """

    def __init__(
        self,
        code: int,
        text: str,
        *,
        permanent: bool,
        of_recipient: bool = False,
        of_content: bool = False,
    ) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.permanent = permanent
        self.of_recipient = of_recipient
        self.of_content = of_content
        self.status: Status | None = replies.status(code, text)


class Unreachable(TransportError):
    """No usable conversation with the next hop: surely not taken, and no recipient's fault.

    ``of_recipient`` says that it was ended in answer to a recipient or a message.
    """

    def __init__(self, message: str, *, of_recipient: bool = False) -> None:
        super().__init__(message)
        self.of_recipient = of_recipient


class InDoubt(TransportError):
    """The final dot may have left and no reply came: it may or may not have been taken.

    Never send again without a decision (RFC 1047 describes the gap; nobody can close it).
    """


def first_cause(group: ExceptionGroup[Exception]) -> Exception:
    """Give the error behind a failed group of tasks: the first to fail ended the others."""
    cause = group.exceptions[0]
    return first_cause(cause) if isinstance(cause, ExceptionGroup) else cause
