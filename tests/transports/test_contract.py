"""What every transport promises, tried on each module of the package."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import publisher.transports
from publisher.mail import wire
from publisher.model import Envelope, Message
from publisher.ports import Transport
from publisher.transports.file import File
from publisher.transports.lmtp import Lmtp, LmtpSettings
from publisher.transports.smtp import Smtp, SmtpSettings
from tests.rig.script import Accepted
from tests.rig.smtp import SmtpRig

ENVELOPE = Envelope(sender="bounce+t1@news.example", recipient="ada@reader.example")
CONTENT = b"Subject: One\r\n\r\nFirst line\r\n.\r\n..two dots\r\n"


def to(recipient: str = ENVELOPE.recipient, content: bytes = CONTENT) -> Message:
    return wire.message(Envelope(sender=ENVELOPE.sender, recipient=recipient), content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A transport and the far end's view of what it handed over, in any order."""

    transport: Transport
    delivered: Callable[[], list[Accepted]]


@asynccontextmanager
async def smtp_route() -> AsyncIterator[Route]:
    async with SmtpRig() as rig:
        smtp = Smtp(
            SmtpSettings(
                host="127.0.0.1", port=rig.port, security="none", client_hostname="news.example"
            )
        )
        yield Route(transport=smtp, delivered=lambda: rig.accepted)
        await smtp.close()


@asynccontextmanager
async def lmtp_route() -> AsyncIterator[Route]:
    with TemporaryDirectory() as name:
        path = Path(name) / "lmtp"
        async with SmtpRig(lmtp=True, path=path) as rig:
            lmtp = Lmtp(LmtpSettings(socket=path, security="none"))
            yield Route(transport=lmtp, delivered=lambda: rig.accepted)
            await lmtp.close()


@asynccontextmanager
async def file_route() -> AsyncIterator[Route]:
    with TemporaryDirectory() as name:
        yield Route(transport=File(Path(name)), delivered=lambda: read_files(Path(name)))


@asynccontextmanager
async def maildir_route() -> AsyncIterator[Route]:
    with TemporaryDirectory() as name:
        new = Path(name) / "new"
        yield Route(transport=File(Path(name), "maildir"), delivered=lambda: read_files(new))


def read_files(folder: Path) -> list[Accepted]:
    messages = []
    for path in folder.iterdir() if folder.exists() else ():
        whole = path.read_bytes()
        if b"\r" not in whole:  # as in a Maildir
            whole = whole.replace(b"\n", b"\r\n")
        sender, recipient, content = whole.split(b"\r\n", 2)
        messages.append(
            Accepted(
                sender=sender.removeprefix(b"Return-Path: <").removesuffix(b">").decode(),
                recipient=recipient.removeprefix(b"Delivered-To: ").decode(),
                content=content,
            )
        )
    return messages


ROUTES: dict[str, Callable[[], AbstractAsyncContextManager[Route]]] = {
    "smtp": smtp_route,
    "lmtp": lmtp_route,
    "file": file_route,
    "file as maildir": maildir_route,
}
KINDS = [
    module.name
    for module in pkgutil.iter_modules(publisher.transports.__path__)
    if not module.name.startswith("_")
]


@pytest.fixture(params=ROUTES)
async def route(request: pytest.FixtureRequest) -> AsyncIterator[Route]:
    async with ROUTES[request.param]() as route:
        yield route


def test_every_kind_has_a_route() -> None:
    assert set(KINDS) == {route.partition(" ")[0] for route in ROUTES}


@pytest.mark.parametrize("kind", KINDS)
def test_kind_is_a_class_named_after_its_module(kind: str) -> None:
    module = importlib.import_module(f"publisher.transports.{kind}")

    assert {"offer", "transmit", "close"} <= set(dir(getattr(module, kind.capitalize())))


async def test_message_arrives_byte_for_byte(route: Route) -> None:
    await route.transport.offer(to())
    reply = await route.transport.transmit()

    assert reply.code == 250
    assert route.delivered() == [
        Accepted(sender=ENVELOPE.sender, recipient=ENVELOPE.recipient, content=CONTENT)
    ]


async def test_each_of_many_messages_arrives_once(route: Route) -> None:
    recipients = [f"reader{number}@reader.example" for number in range(20)]
    for recipient in recipients:
        await route.transport.offer(to(recipient))
        await route.transport.transmit()

    assert recipients == sorted(
        (message.recipient for message in route.delivered()), key=recipients.index
    )


async def test_abandoned_offer_leaves_nothing_behind(route: Route) -> None:
    await route.transport.offer(to())
    await route.transport.offer(to("grace@reader.example"))
    await route.transport.transmit()

    assert [message.recipient for message in route.delivered()] == ["grace@reader.example"]


async def test_transmit_needs_an_offer_of_its_own(route: Route) -> None:
    await route.transport.offer(to())
    await route.transport.transmit()
    with pytest.raises(RuntimeError, match="without offer"):
        await route.transport.transmit()

    assert len(route.delivered()) == 1


async def test_close_is_harmless_at_any_time_and_the_next_offer_opens_again(route: Route) -> None:
    await route.transport.close()
    await route.transport.offer(to())
    await route.transport.close()
    await route.transport.close()
    await route.transport.offer(to())
    await route.transport.transmit()

    assert len(route.delivered()) == 1


HOSTILE_ADDRESSES = [
    "",
    "ada",
    "@",
    "ada@",
    "@reader.example",
    "ada@reader.example>\r\nRCPT TO:<eve@evil.example",
    "ada@reader.example\r\nDATA",
    "ada@reader.example\n",
    "ada@reader.example\r",
    "ada@reader.example\0",
    "ada@reader.example\x0b",
    "ada@reader.example\x7f",
    "ada@reader.example SIZE=1",
    '"a da"@reader.example',
    "<ada@reader.example>",
    "ada@reader.example>",
    "ada\x85@reader.example",
    "ada\u2028@reader.example",
    "adä@reader.example",
    "ada@r\u0435ader.example",
]


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
@pytest.mark.parametrize("role", ["sender", "recipient"])
async def test_address_unfit_for_the_wire_is_a_programming_error(
    route: Route, role: str, address: str
) -> None:
    """A1, A2: nothing is cut to fit and nothing of it is sent."""
    envelope = {"sender": ENVELOPE.sender, "recipient": ENVELOPE.recipient} | {role: address}
    with pytest.raises(ValueError, match=role):
        await route.transport.offer(wire.message(Envelope(**envelope), CONTENT))

    assert route.delivered() == []


LINES = st.one_of(
    st.sampled_from([b"", b".", b"..", b".a", b"x" * 998, b"." * 998, b"QUIT", b"a ."]),
    st.text(st.characters(max_codepoint=127, exclude_characters="\r\n\0"), max_size=80).map(
        str.encode
    ),
)


@pytest.mark.parametrize("kind", ROUTES)
@settings(max_examples=40, deadline=None)
@given(contents=st.lists(st.lists(LINES, min_size=1, max_size=8), min_size=1, max_size=3))
async def test_any_lawful_content_arrives_as_it_is(kind: str, contents: list[list[bytes]]) -> None:
    expected = [b"".join(line + b"\r\n" for line in lines) for lines in contents]
    async with ROUTES[kind]() as route:
        for content in expected:
            await route.transport.offer(to(content=content))
            await route.transport.transmit()

        assert sorted(expected) == sorted(message.content for message in route.delivered())
