"""One kept SMTP connection to a relay (RFC 5321), for many messages, one recipient each.

Where the relay offers PIPELINING (RFC 2920), MAIL, RCPT and DATA go out in one write, so that a
message takes two round trips and not four, and one where the envelope of the next may follow the
content (§3.1); each reply is matched to its command all the same.
The final dot leaves with the last of the content, but a cut while the end of it waits in this
process (surely not taken) and one after that (perhaps taken) are told apart.

Never sends a message a second time by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from publisher.errors import InDoubt, Refused, Unreachable
from publisher.mail.wire import FINAL_DOT, check_envelope
from publisher.model import Envelope, Message, Reply
from publisher.transports._connecting import Connector, Greeted, Greeting, clean
from publisher.transports._conversation import Answer, Conversation, Ended, Garbled
from publisher.transports._settings import SmtpSettings, Timeouts

__all__ = ["Smtp", "SmtpSettings", "Timeouts"]

# A write of this size is one "data block" in the sense of RFC 5321 §4.5.3.2.5.
_BLOCK_BYTES = 256 * 1024

# 421 closes the connection (RFC 5321 §3.8), 530 wants a login or TLS first (RFC 4954 §6): both
# are answers to our being there, and no recipient may be failed for them.
_ABOUT_US = (421, 530)


_VERBS = ("MAIL", "RCPT", "DATA")
_DOUBT = "; it was handed over whole, and may have been taken"


class _Lost(Unreachable):
    """The server ended the conversation, as it may with a kept connection at any time."""


class Smtp:
    """A relay as next hop: `publisher.ports.Transport`. Connects at the first offer."""

    _greeting = Greeting.EHLO

    def __init__(self, settings: SmtpSettings, timeouts: Timeouts | None = None) -> None:
        self._timeouts = timeouts or Timeouts()
        self._connector = Connector(settings, self._timeouts.connect, self._greeting)
        self._where = settings.where
        self._may_announce_ahead = settings.envelope_ahead
        self._wire: Greeted | None = None
        self._offered: Message | None = None  # the server waits for its content
        self._ahead: Message | None = None  # said behind the last content, and not yet answered
        self._is_begun = False  # the server holds an envelope, perhaps half a one

    async def offer(self, message: Message) -> None:
        """Announce a message, connecting first if need be.

        A kept connection that the server closed meanwhile is opened again, once. Raises
        Refused, after which the connection is good for the next offer, or Unreachable; both
        mean surely not taken. Raises ValueError for what is unfit for the wire.
        """
        check_envelope(message.envelope)
        ahead, self._ahead = self._ahead, None
        if self._offered is not None or (ahead is not None and ahead is not message):
            # The server waits for a content that it shall not have, and takes no command.
            self._drop()
        wire = self._wire
        if wire is not None and wire.conversation.is_open:
            try:
                if ahead is not None:
                    await self._hear(wire.conversation, _VERBS)
                else:
                    await self._announce(wire, message)
            except _Lost:
                await self._announce(await self._connect(), message)
        else:
            await self._announce(await self._connect(), message)
        self._offered = message

    async def transmit(self, following: Message | None = None) -> Reply:
        """Hand over the content of the message just offered and wait for the answer.

        ``following`` is announced behind it, if that is allowed, and must be offered next. Raises
        Refused or Unreachable when it was surely not taken, InDoubt when the final dot may have
        left and no intelligible answer came.
        """
        if self._wire is None or self._offered is None:
            raise RuntimeError("transmit() without offer()")
        message, self._offered = self._offered, None
        wire = self._wire
        ahead = b""
        if following is not None and self._can_follow(wire, following):
            ahead = b"".join(_commands(following.envelope))
        await self._write_content(wire.conversation, message.stuffed, ahead)
        self._ahead = following if ahead else None
        return await self._finish(wire.conversation)

    async def close(self) -> None:
        """Say QUIT if the connection stands, wait for the answer a few seconds. Never raises."""
        wire = self._wire
        is_idle = self._offered is None and self._ahead is None
        if wire is not None and wire.conversation.is_open and is_idle:
            try:
                wire.conversation.ask(b"QUIT\r\n", 1)
                await wire.conversation.answer(self._timeouts.quit)
            except (Ended, Garbled, TimeoutError):
                pass  # only courtesy is lost (RFC 5321 §4.1.1.10)
        self._drop()
        # One turn of the loop for the socket to be closed in, not merely marked for it.
        await asyncio.sleep(0)

    async def _connect(self) -> Greeted:
        self._drop()
        self._wire = await self._connector.connect()
        return self._wire

    def _drop(self) -> None:
        wire, self._wire = self._wire, None
        self._offered = self._ahead = None
        self._is_begun = False
        if wire is not None:
            wire.conversation.cut()

    # --- one message --------------------------------------------------------------------

    async def _announce(self, wire: Greeted, message: Message) -> None:
        """Say MAIL, RCPT and DATA. Returns when the server waits for the content."""
        self._check_size(wire, message)
        lines = _commands(message.envelope)
        verbs: tuple[str, ...] = _VERBS
        if self._is_begun:
            lines, verbs = [b"RSET\r\n", *lines], ("RSET", *verbs)
        self._is_begun = True
        if "pipelining" in wire.extensions:
            wire.conversation.ask(b"".join(lines), len(lines))
            await self._hear(wire.conversation, verbs)
        else:
            for line, verb in zip(lines, verbs, strict=True):
                wire.conversation.ask(line, 1)
                await self._hear(wire.conversation, (verb,))

    async def _hear(self, conversation: Conversation, verbs: Sequence[str]) -> None:
        """Read the replies to commands that were said at once. The first that is bad is raised."""
        bad: Refused | None = None
        for verb in verbs:
            answer = await self._read(conversation, verb, self._timeouts.command)
            try:
                self._judge(answer, verb, expected=3 if verb == "DATA" else 2)
            except Refused as error:
                if verb == "RSET":
                    self._drop()
                    raise _Lost(f"{self._where}: answered RSET with {error}") from error
                bad = bad or error
            except Unreachable as error:
                if bad is None:
                    raise
                raise bad from error  # whatever came then, the refusal is the recipient's
            else:
                if verb == "DATA" and bad is not None:
                    await self._take_back(conversation)
        if bad is not None:
            raise bad

    async def _take_back(self, conversation: Conversation) -> None:
        """Send a lone dot to a server that waits for content for nobody (RFC 2920 §3.1)."""
        conversation.ask(FINAL_DOT, 1)
        answer = await self._read(conversation, "the end", self._timeouts.final)
        self._is_begun = False
        if answer.code // 100 not in (4, 5):
            self._drop()  # who takes a message for nobody is not to be talked to any further

    def _can_follow(self, wire: Greeted, message: Message) -> bool:
        """Say whether a message may be announced before the one before it is answered.

        RFC 2920 §3.1 allows it; one that cannot be offered at all is left to `offer`.
        """
        if not self._may_announce_ahead or "pipelining" not in wire.extensions:
            return False
        try:
            check_envelope(message.envelope)
            self._check_size(wire, message)
        except (ValueError, Refused):
            return False
        return True

    def _check_size(self, wire: Greeted, message: Message) -> None:
        """Raise Refused when the server announced that it takes no message so large (RFC 1870)."""
        announced = wire.extensions.get("size", "")
        limit = int(announced) if announced.isdecimal() else 0  # RFC 1870 §4: 0 is no limit
        # Doubled dots do not count (RFC 1870 §3), but seldom matter.
        if 0 < limit < len(message.stuffed) and limit < len(message.content):
            raise Refused(
                552,
                f"5.3.4 not tried: the message has {len(message.content)} octets and"
                f" {self._where} announces SIZE {limit}; send summaries or fewer articles",
                permanent=True,
                of_content=True,
            )

    async def _write_content(
        self, conversation: Conversation, stuffed: bytes, ahead: bytes
    ) -> None:
        """Hand the stuffed content and its final dot to the kernel, and the commands behind it.

        Raises Unreachable when it was cut while octets of it waited in this process: the last of
        them is the end of the dot, so the server must not take what it has of the message (RFC
        5321 §4.1.1.4). Raises InDoubt when it was cut when all had left, or may have.
        """
        blocks = memoryview(stuffed)
        last = (len(blocks) - 1) // _BLOCK_BYTES * _BLOCK_BYTES
        is_last = False
        try:
            for start in range(0, len(blocks), _BLOCK_BYTES):
                is_last = start == last
                block: bytes | memoryview = blocks[start : start + _BLOCK_BYTES]
                if is_last and ahead:
                    block = b"".join((block, ahead))
                replies = (1 + len(_VERBS) if ahead else 1) if is_last else 0
                conversation.ask(block, replies)
                await conversation.drain(self._timeouts.command)
        except (Ended, Garbled, TimeoutError) as error:
            self._drop()
            # What was held up may be no more than the commands.
            if is_last and (conversation.has_left or ahead):
                raise InDoubt(f"{self._where}: cut at the end of the message{_DOUBT}") from error
            raise Unreachable(f"{self._where}: cut before the end of the message") from error
        except BaseException:
            self._drop()
            raise
        if not conversation.has_left:
            self._drop()
            raise Unreachable(f"{self._where}: closed before the end of the message")

    async def _finish(self, conversation: Conversation) -> Reply:
        """Wait for the answer to the final dot: every cut from here on is InDoubt."""
        try:
            answer = await self._read(conversation, "the message", self._timeouts.final)
        except Unreachable as error:
            raise InDoubt(f"{error}{_DOUBT}") from error
        if answer.code // 100 not in (2, 4, 5):
            self._drop()
            raise InDoubt(f"{self._where}: answered the message with {clean(str(answer))}")
        # Taken or not, the answer to the dot ends the transaction (RFC 5321 §4.1.1.4).
        self._is_begun = self._ahead is not None
        self._judge(answer, "the message", expected=2)
        return Reply(code=answer.code, text=clean(answer.text))

    async def _read(self, conversation: Conversation, asked: str, timeout_seconds: float) -> Answer:
        """Wait for a whole reply; whatever else comes cuts the connection.

        Also when the caller is cancelled: the reply still under way would be taken for the
        answer to the next command, and a refusal for an acceptance.
        """
        try:
            return await conversation.answer(timeout_seconds)
        except Ended as error:
            self._drop()
            raise _Lost(f"{self._where}: the connection ended at {asked}") from error
        except (Garbled, TimeoutError) as error:
            self._drop()
            cause = clean(str(error)) or f"nothing came in {timeout_seconds:g} s"
            raise Unreachable(f"{self._where}: no usable answer to {asked}: {cause}") from error
        except BaseException:
            self._drop()
            raise

    def _judge(self, answer: Answer, asked: str, *, expected: int) -> None:
        """Decide what a reply means, here and nowhere else (RFC 5321 §4.2.1)."""
        code = answer.code
        if code // 100 == expected:
            return
        if code // 100 not in (4, 5) or code in _ABOUT_US:
            self._drop()
            # Once RCPT is answered, the server has judged the recipient: no second try from here.
            kind = _Lost if code == 421 and asked not in ("RCPT", "DATA") else Unreachable
            raise kind(
                f"{self._where}: answered {asked} with {clean(str(answer))}",
                of_recipient=asked in ("RCPT", "the message"),
            )
        raise Refused(
            code,
            clean(answer.text),
            permanent=code >= 500,
            of_recipient=asked == "RCPT",
            of_content=asked == "the message",
        )


def _commands(envelope: Envelope) -> list[bytes]:
    """Give the lines of ``_VERBS``."""
    return [
        f"MAIL FROM:<{envelope.sender}>\r\n".encode("ascii"),
        f"RCPT TO:<{envelope.recipient}>\r\n".encode("ascii"),
        b"DATA\r\n",
    ]
