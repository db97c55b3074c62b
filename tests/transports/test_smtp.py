"""One message over SMTP: what each answer and each cut means, for it and for the connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from publisher.errors import InDoubt, Refused, TransportError, Unreachable
from publisher.mail import wire
from publisher.model import Envelope, Message, Reply
from publisher.transports.smtp import Smtp, Timeouts
from tests.rig.script import Act, at, in_turn, say
from tests.rig.smtp import SmtpRig

Connector = Callable[..., Smtp]

SENDER = "bounce+t1@news.example"
CONTENT = b"Subject: One\r\n\r\nHello\r\n"
# More than both kernels' buffers hold, so that a client cannot have handed over all of it.
HUGE = b"Subject: Huge\r\n\r\n" + (b"x" * 998 + b"\r\n") * 24_000


def to(recipient: str = "ada@reader.example", content: bytes = CONTENT) -> Message:
    return wire.message(Envelope(sender=SENDER, recipient=recipient), content)


async def send(
    smtp: Smtp, recipient: str = "ada@reader.example", content: bytes = CONTENT
) -> Reply:
    await smtp.offer(to(recipient, content))
    return await smtp.transmit()


@pytest.fixture(autouse=True, params=["pipelined", "step by step", "lmtp"])
def is_pipelined(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the server takes several commands at once, as LMTP ones do: what is so is so for all.

    RFC 2033 §4: LMTP differs in its greeting, and in the answers to the content for several.
    """
    if request.param == "lmtp":
        monkeypatch.setattr(SmtpRig, "LMTP", True)
    if request.param == "step by step":
        fewer = tuple(each for each in SmtpRig.EXTENSIONS if each != "PIPELINING")
        monkeypatch.setattr(SmtpRig, "EXTENSIONS", fewer)
    is_it: bool = request.param != "step by step"
    return is_it


def recipients(rig: SmtpRig) -> list[str]:
    return [message.recipient for message in rig.accepted]


# --- the connection is kept -------------------------------------------------------------


async def test_hundred_messages_share_one_connection(connect: Connector) -> None:
    async with SmtpRig() as rig:
        smtp = connect(rig)
        for number in range(100):
            await send(smtp, f"reader{number}@reader.example")

    assert recipients(rig) == [f"reader{number}@reader.example" for number in range(100)]
    assert (rig.connections, rig.count(rig.greetings[0]), rig.count("RSET")) == (1, 1, 0)


async def test_close_says_quit(connect: Connector) -> None:
    async with SmtpRig() as rig:
        smtp = connect(rig)
        await send(smtp)
        await smtp.close()

    assert rig.moments[-1].verb == "QUIT"


async def test_close_does_not_wait_for_a_silent_server(connect: Connector) -> None:
    never = asyncio.Event()
    async with SmtpRig(at("QUIT", say(221, after=never))) as rig:
        smtp = connect(rig, Timeouts(quit=0.05))
        await send(smtp)
        await smtp.close()

    assert rig.moments[-1].verb == "QUIT"


async def test_connection_closed_while_idle_is_opened_again(connect: Connector) -> None:
    async with SmtpRig() as rig:
        smtp = connect(rig)
        await send(smtp, "one@reader.example")
        await rig.hang_up()
        await send(smtp, "two@reader.example")

    assert recipients(rig) == ["one@reader.example", "two@reader.example"]
    assert rig.connections == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
async def test_kept_connection_cut_before_rcpt_is_answered_is_opened_again(
    connect: Connector, verb: str
) -> None:
    async with SmtpRig(at(verb, Act(cut=True), session=1, message=2)) as rig:
        smtp = connect(rig)
        await send(smtp, "one@reader.example")
        await send(smtp, "two@reader.example")

    assert recipients(rig) == ["one@reader.example", "two@reader.example"]
    assert rig.connections == 2


async def test_421_to_mail_on_a_kept_connection_opens_another(connect: Connector) -> None:
    """F12: a relay that closes after N messages costs no recipient anything."""
    limit = at("MAIL", say(421, "4.7.0 enough for one connection", cut=True), message=4)
    async with SmtpRig(limit) as rig:
        smtp = connect(rig)
        for number in range(10):
            await send(smtp, f"reader{number}@reader.example")

    assert recipients(rig) == [f"reader{number}@reader.example" for number in range(10)]
    assert (rig.connections, rig.most_open_connections) == (4, 1)


async def test_reconnecting_is_tried_once_only(connect: Connector) -> None:
    cuts = in_turn("MAIL", None, Act(cut=True), Act(cut=True))
    async with SmtpRig(cuts) as rig:
        smtp = connect(rig)
        await send(smtp)
        with pytest.raises(Unreachable, match="ended at MAIL"):
            await smtp.offer(to())

    assert (rig.connections, len(rig.accepted)) == (2, 1)


async def test_new_connection_that_is_cut_is_not_opened_again(connect: Connector) -> None:
    async with SmtpRig(at("MAIL", Act(cut=True))) as rig:
        with pytest.raises(Unreachable, match="ended at MAIL"):
            await connect(rig).offer(to())

    assert rig.connections == 1


async def test_421_to_rcpt_is_told_and_not_tried_again_from_here(connect: Connector) -> None:
    async with SmtpRig(at("RCPT", say(421, "4.3.2 closing", cut=True), message=2)) as rig:
        smtp = connect(rig)
        await send(smtp)
        with pytest.raises(Unreachable, match=r"answered RCPT with 421 4\.3\.2 closing"):
            await smtp.offer(to())

    assert rig.connections == 1


# --- refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text", "permanent"),
    [
        (450, "4.2.0 greylisted, come back later", False),  # F8, F9
        (451, "4.7.1 too fast", False),  # F14
        (452, "4.2.2 mailbox full", False),
        (550, "5.1.1 nobody of that name", True),  # F10
        (554, "5.7.1 not wanted here", True),
    ],
)
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "CONTENT"])
async def test_refusal_is_quoted_and_leaves_the_connection_good(
    connect: Connector, verb: str, code: int, text: str, permanent: bool
) -> None:
    """F8, F10, F11: 4yz may pass later, 5yz never; the others go on over the same connection."""
    async with SmtpRig(in_turn(verb, say(code, text))) as rig:
        smtp = connect(rig)
        with pytest.raises(Refused) as refusal:
            await send(smtp, "bad@reader.example")
        await send(smtp, "good@reader.example")

    assert (code, text, permanent) == (
        refusal.value.code,
        refusal.value.text,
        refusal.value.permanent,
    )
    assert recipients(rig) == ["good@reader.example"]
    assert rig.connections == 1


async def test_refusal_of_several_lines_is_kept_whole(connect: Connector) -> None:
    async with SmtpRig(at("RCPT", say(550, "5.7.1 first", "5.7.1 second"))) as rig:
        with pytest.raises(Refused) as refusal:
            await connect(rig).offer(to())

    assert refusal.value.text == "5.7.1 first\n5.7.1 second"


async def test_reply_is_fit_for_a_database(connect: Connector) -> None:
    """A7: NUL cannot be stored by PostgreSQL, a lone surrogate by nobody."""
    async with SmtpRig(at("RCPT", Act(reply=b"550 5.1.1 a\0b\x1b[2J \xff\r\n"))) as rig:
        with pytest.raises(Refused) as refusal:
            await connect(rig).offer(to())

    assert (
        refusal.value.text
        == "5.1.1 a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[2J \N{REPLACEMENT CHARACTER}"
    )


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_530_is_about_the_login_and_fails_no_recipient(connect: Connector, verb: str) -> None:
    """F19: a relay that wants a login says so at MAIL, for each recipient alike."""
    async with SmtpRig(at(verb, say(530, "5.7.0 authentication required"))) as rig:
        with pytest.raises(Unreachable, match=f"answered {verb} with 530"):
            await send(connect(rig))

    assert rig.accepted == []


async def test_refused_rset_opens_another_connection(connect: Connector) -> None:
    script = [in_turn("RCPT", say(550, "5.1.1 no")), at("RSET", say(500, "5.5.2 what"))]
    async with SmtpRig(*script) as rig:
        smtp = connect(rig)
        with contextlib.suppress(Refused):
            await smtp.offer(to("bad@reader.example"))
        await send(smtp, "good@reader.example")

    assert recipients(rig) == ["good@reader.example"]
    assert rig.connections == 2


@pytest.mark.parametrize("limit", [len(CONTENT) - 1, len(CONTENT), 0])
async def test_message_over_the_announced_size_is_refused_before_data(
    connect: Connector, limit: int
) -> None:
    """F16: in octets, both ends included; 0 is no limit."""
    is_over = 0 < limit < len(CONTENT)
    async with SmtpRig(extensions=(f"SIZE {limit}",)) as rig:
        smtp = connect(rig)
        refusals = [await outcome(smtp), await outcome(smtp)]

    assert refusals == ([Refused, Refused] if is_over else [Reply, Reply])
    assert rig.count("DATA") == (0 if is_over else 2)
    assert rig.connections == 1


async def outcome(smtp: Smtp) -> type[Reply | TransportError]:
    try:
        return type(await send(smtp))
    except TransportError as error:
        return type(error)


# --- cuts, silence and nonsense ---------------------------------------------------------


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    "act", [Act(cut=True), Act(reply=b"what?\r\n"), say(99), say(199), say(250)]
)
async def test_no_sense_before_the_content_is_unreachable(
    connect: Connector, verb: str, act: Act
) -> None:
    """F21: surely not taken, whatever was said, and the next message goes over a new connection."""
    if verb != "DATA" and act == say(250):
        act = say(354)  # the digit that fits elsewhere
    async with SmtpRig(in_turn(verb, act)) as rig:
        smtp = connect(rig)
        with pytest.raises(Unreachable):
            await send(smtp, "one@reader.example")
        await send(smtp, "two@reader.example")

    assert recipients(rig) == ["two@reader.example"]
    assert rig.connections == 2


@pytest.mark.parametrize("read_bytes", [0, 1, 100_000])
async def test_cut_in_mid_data_is_unreachable(connect: Connector, read_bytes: int) -> None:
    """F6: the dot has not left, so the message is surely not taken and may go again."""
    cut = Act(reply=b"354 go\r\n", read_bytes=read_bytes)
    async with SmtpRig(in_turn("DATA", cut), receive_buffer=4096) as rig:
        smtp = connect(rig)
        with pytest.raises(Unreachable, match="before the end of the message"):
            await send(smtp, content=HUGE)
        await send(smtp)

    assert [message.content for message in rig.accepted] == [CONTENT]
    assert rig.connections == 2


async def test_small_message_leaves_with_its_dot_at_once(connect: Connector) -> None:
    async with SmtpRig() as rig:
        await send(connect(rig))

    assert any(read.endswith(CONTENT + b".\r\n") for read in rig.reads)


async def test_server_that_stops_reading_is_unreachable(connect: Connector) -> None:
    """F20: and nothing of the content that still waits in this process leaves afterwards."""
    release = asyncio.Event()
    stuck = Act(reply=b"354 go\r\n", pause=release)
    async with SmtpRig(at("DATA", stuck), receive_buffer=4096) as rig:
        smtp = connect(rig, Timeouts(command=0.1))
        with pytest.raises(Unreachable, match="before the end of the message"):
            await send(smtp, content=HUGE)
        release.set()
        await rig.until(lambda rig: rig.open_connections == 0)

    assert rig.accepted == []


@pytest.mark.parametrize("take", [True, False])
@pytest.mark.parametrize(
    "reply", [b"", b"what?\r\n", b"250", b"25\r\n", b"250-more\r\n", b"354 go on\r\n", b"999 x\r\n"]
)
async def test_no_sense_after_the_dot_is_in_doubt(
    connect: Connector, reply: bytes, take: bool
) -> None:
    """F4, F5: taken or not, nobody here can know; it is not sent again by itself."""
    act = Act(reply=reply, cut=True, take=take)
    async with SmtpRig(in_turn("CONTENT", act)) as rig:
        smtp = connect(rig)
        with pytest.raises(InDoubt):
            await send(smtp, "one@reader.example")
        await send(smtp, "two@reader.example")

    assert recipients(rig) == ["one@reader.example"] * take + ["two@reader.example"]
    assert (rig.count("CONTENT"), rig.connections) == (2, 2)


async def test_late_answer_to_the_dot_is_waited_for(connect: Connector) -> None:
    """F7: the limit for commands does not hold for the answer to the dot."""
    release = asyncio.Event()
    async with SmtpRig(at("CONTENT", say(250, "2.0.0 at last", after=release))) as rig:
        smtp = connect(rig, Timeouts(connect=5, command=0.2, final=30))
        await smtp.offer(to())
        sending = asyncio.create_task(smtp.transmit())
        await rig.until_asked("CONTENT")
        done, _ = await asyncio.wait([sending], timeout=0.4)
        release.set()
        reply = await sending

    assert done == set()
    assert reply == Reply(code=250, text="2.0.0 at last")


async def test_no_answer_to_the_dot_in_time_is_in_doubt(connect: Connector) -> None:
    """F7: and the answer that comes too late is not taken for the next message's."""
    release = asyncio.Event()
    late = say(250, "2.0.0 taken", after=release)
    refuse = at("CONTENT", say(550, "5.6.0 not this one"), session=2)
    async with SmtpRig(in_turn("CONTENT", late), refuse) as rig:
        smtp = connect(rig, Timeouts(final=1))
        with pytest.raises(InDoubt, match="may have been taken"):
            await send(smtp)
        release.set()
        with pytest.raises(Refused, match="not this one"):
            await send(smtp)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_silence_before_the_content_is_unreachable(connect: Connector, verb: str) -> None:
    """F20: one silent connection costs its own message the time-out and nobody else's."""
    never = asyncio.Event()
    async with SmtpRig(at(verb, say(250, after=never), session=1)) as rig:
        silent, other = connect(rig, Timeouts(command=0.05)), connect(rig)
        with pytest.raises(Unreachable, match=f"no usable answer to {verb}"):
            await send(silent, "one@reader.example")
        await send(other, "two@reader.example")

    assert recipients(rig) == ["two@reader.example"]


async def test_replies_that_come_byte_by_byte_are_read_whole(connect: Connector) -> None:
    """F20."""
    trickles = [
        at("BANNER", say(220, "slow", trickle=True)),
        at("EHLO", say(250, "slow", "SIZE 1000000", "8BITMIME", trickle=True)),
        at("MAIL", say(250, "2.1.0", "ok", trickle=True)),
        at("RCPT", say(250, "2.1.5 ok", trickle=True)),
        at("DATA", say(354, "go", trickle=True)),
        at("CONTENT", say(250, "2.0.0 first", "2.0.0 second", trickle=True)),
    ]
    async with SmtpRig(*trickles) as rig:
        reply = await send(connect(rig))

    assert reply == Reply(code=250, text="2.0.0 first\n2.0.0 second")


async def test_421_to_the_dot_is_surely_not_taken(connect: Connector) -> None:
    """F12."""
    async with SmtpRig(in_turn("CONTENT", say(421, "4.3.2 going down", cut=True))) as rig:
        smtp = connect(rig)
        with pytest.raises(Unreachable, match="421"):
            await send(smtp)
        await send(smtp)

    assert (len(rig.accepted), rig.connections) == (1, 2)


async def test_connection_lost_between_offer_and_transmit_is_unreachable(
    connect: Connector,
) -> None:
    async with SmtpRig() as rig:
        smtp = connect(rig)
        await smtp.offer(to())
        await rig.hang_up()
        for _ in range(3):  # turns in which the loop hears of it
            await asyncio.sleep(0)
        with pytest.raises(Unreachable, match="before the end of the message"):
            await smtp.transmit()
        await send(smtp)

    assert (len(rig.accepted), rig.connections) == (1, 2)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "CONTENT"])
async def test_cancelled_command_does_not_leave_its_answer_to_the_next(
    connect: Connector, verb: str
) -> None:
    """F2: after a cancelled RCPT its late 250 would hide the refusal of the next one."""
    release = asyncio.Event()
    good = say(354 if verb == "DATA" else 250, after=release)
    bad = at("RCPT", say(550, "5.1.1 no"), argument="bad@")
    async with SmtpRig(in_turn(verb, good), bad) as rig:
        smtp = connect(rig)
        sending = asyncio.create_task(send(smtp))
        await rig.until_asked(verb)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        release.set()
        with pytest.raises(Refused, match=r"5\.1\.1 no"):
            await smtp.offer(to("bad@reader.example"))

    assert rig.connections == 2


async def test_cancelled_content_leaves_no_dot_behind(connect: Connector) -> None:
    """F2: what waits in this process when the worker is stopped never completes a message."""
    release = asyncio.Event()
    stuck = Act(reply=b"354 go\r\n", pause=release)
    async with SmtpRig(in_turn("DATA", stuck), receive_buffer=4096) as rig:
        smtp = connect(rig)
        sending = asyncio.create_task(send(smtp, content=HUGE))
        await rig.until_asked("DATA")
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        release.set()
        await send(smtp)

    assert [message.content for message in rig.accepted] == [CONTENT]
    assert rig.connections == 2


# --- several commands at once -------------------------------------------------------------------


async def test_envelope_and_data_leave_at_once_where_the_server_takes_that(
    connect: Connector, is_pipelined: bool
) -> None:
    """RFC 2920 §3.1: never before it is offered, and never the content before the 354."""
    async with SmtpRig() as rig:
        await send(connect(rig))

    envelope = [
        b"MAIL FROM:<" + SENDER.encode() + b">\r\n",
        b"RCPT TO:<ada@reader.example>\r\n",
        b"DATA\r\n",
    ]
    start = next(place for place, read in enumerate(rig.reads) if read.startswith(b"MAIL"))
    expected = [b"".join(envelope)] if is_pipelined else envelope
    assert rig.reads[start : start + len(expected)] == expected
    assert b"".join(rig.reads[start + len(expected) :]).startswith(CONTENT + b".\r\n")


async def test_server_that_wants_content_for_nobody_gets_a_lone_dot(connect: Connector) -> None:
    """RFC 2920 §3.1: DATA may be answered with 354 although RCPT was refused.

    An LMTP server is left instead: it answers the content once for each that it took, so never.
    """
    refuse = in_turn("RCPT", say(550, "5.1.1 nobody here"))
    async with SmtpRig(refuse, in_turn("DATA", say(354, "go on"))) as rig:
        smtp = connect(rig)
        with pytest.raises(Refused, match="nobody here"):
            await send(smtp, "bad@reader.example")
        await send(smtp, "good@reader.example")

    assert [(message.recipient, message.content) for message in rig.accepted] == [
        ("good@reader.example", CONTENT)
    ]
    assert rig.connections == (2 if rig.is_lmtp else 1)


async def test_server_that_takes_a_message_for_nobody_is_left(
    connect: Connector, is_pipelined: bool
) -> None:
    refuse = in_turn("RCPT", say(550, "5.1.1 nobody here"))
    wanted = in_turn("DATA", say(354, "go on"))
    async with SmtpRig(refuse, wanted, in_turn("CONTENT", say(250, "2.0.0 ok"))) as rig:
        smtp = connect(rig)
        with pytest.raises(Refused, match="nobody here"):
            await send(smtp, "bad@reader.example")
        await send(smtp, "good@reader.example")

    assert [message.recipient for message in rig.accepted if message.content] == [
        "good@reader.example"
    ]
    assert rig.connections == (2 if is_pipelined else 1)


async def test_reply_that_nobody_asked_for_is_not_taken_for_the_next_one(
    connect: Connector,
) -> None:
    """A server that answers twice would shift each answer to the next recipient."""
    twice = in_turn("CONTENT", Act(reply=b"250 2.0.0 taken\r\n250 2.0.0 taken\r\n"))
    async with SmtpRig(twice, at("RCPT", say(550, "5.1.1 no"), argument="bad@")) as rig:
        smtp = connect(rig)
        await send(smtp, "one@reader.example")
        with pytest.raises(Refused, match=r"5\.1\.1 no"):
            await send(smtp, "bad@reader.example")
        await send(smtp, "two@reader.example")

    assert recipients(rig) == ["one@reader.example", "two@reader.example"]
    assert rig.connections == 2


async def test_farewell_of_an_idle_server_costs_nobody_anything(connect: Connector) -> None:
    """F12: said before it closes, and perhaps before we ask anything more."""
    bye = Act(reply=b"250 2.0.0 taken\r\n421 4.4.2 idle for too long\r\n", cut=True)
    async with SmtpRig(in_turn("CONTENT", bye)) as rig:
        smtp = connect(rig)
        await send(smtp, "one@reader.example")
        await send(smtp, "two@reader.example")

    assert recipients(rig) == ["one@reader.example", "two@reader.example"]
    assert rig.connections == 2


@pytest.mark.parametrize("size", [9_000, 40_000])
async def test_reply_without_an_end_takes_no_memory(connect: Connector, size: int) -> None:
    endless = Act(reply=b"250-" + b"x" * size, pause=asyncio.Event())
    async with SmtpRig(at("RCPT", endless)) as rig:
        with pytest.raises(Unreachable, match="a reply without an end"):
            await connect(rig).offer(to())


async def test_reply_of_endless_lines_takes_no_memory(connect: Connector) -> None:
    endless = Act(reply=(b"250-" + b"x" * 76 + b"\r\n") * 2000, pause=asyncio.Event())
    async with SmtpRig(at("RCPT", endless)) as rig:
        with pytest.raises(Unreachable, match="not an SMTP reply"):
            await connect(rig).offer(to())
