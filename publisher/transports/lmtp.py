"""A local delivery agent as next hop (RFC 2033): Dovecot, Cyrus, or whatever keeps mailboxes.

LMTP is SMTP but for its greeting, and for the answer to the content: one for each recipient that
was taken. With one recipient a message that is one answer, so all that `publisher.transports.smtp`
says of refusals and of doubt holds here.
"""

from __future__ import annotations

from publisher.transports._connecting import Greeting
from publisher.transports._conversation import Conversation
from publisher.transports._settings import LmtpSettings
from publisher.transports.smtp import Smtp

__all__ = ["Lmtp", "LmtpSettings"]


class Lmtp(Smtp):
    """A delivery agent as next hop: `publisher.ports.Transport`. Connects at the first offer."""

    _greeting = Greeting.LHLO

    async def _take_back(self, conversation: Conversation) -> None:  # noqa: ARG002 -- it is cut
        """Leave a server that waits for content for nobody: it would not answer the dot.

        RFC 2033 §4.2: it should have answered DATA with 503, and says nothing after the content
        to recipients that it refused.
        """
        self._drop()
