"""Mails are handed over, and let go of when they are recorded and not before."""

from __future__ import annotations

import asyncio
import base64
import smtplib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from publisher.errors import MailboxError, StoreError
from publisher.mail.incoming import LIMIT_BYTES
from publisher.mailboxes import Mailbox
from publisher.mailboxes.imap import Imap, ImapSettings
from publisher.mailboxes.lmtp import LmtpListener, LmtpListenSettings
from publisher.mailboxes.maildir import Maildir, MaildirSettings
from publisher.model import Address
from tests.rig.certificate import make_certificate
from tests.rig.imap import PASSWORD, TOKEN, USER, ImapRig
from tests.rig.program import until

BOUNCE = Address(mailbox="bounce@example.org")
ONE, TWO = b"Subject: one\r\n\r\n1\r\n", b"Subject: two\r\n\r\n2\r\n"


class Taking:
    """Takes mails in, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.mails: list[tuple[bytes, tuple[str, ...], str]] = []

    async def __call__(self, raw: bytes, recipients: Sequence[str] = (), *, via: str) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("the disk is full")
        self.mails.append((raw, tuple(recipients), via))

    @property
    def raws(self) -> list[bytes]:
        return [raw for raw, *_ in self.mails]


@asynccontextmanager
async def followed(mailbox: Mailbox, take: Taking) -> AsyncIterator[None]:
    """Follow a mailbox for as long as the block lasts."""
    stop = asyncio.Event()
    task = asyncio.create_task(mailbox.follow(take, stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def until_taken(take: Taking, count: int) -> None:
    async def is_so() -> bool:
        return len(take.mails) >= count

    await until(is_so, lambda: f"only {take.mails}")


# --- Maildir


def maildir(folder: Path, *mails: bytes, keep: bool = True) -> Maildir:
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, raw in enumerate(mails):
        (folder / "new" / f"17{number}.host:2,").write_bytes(raw)
    return Maildir(MaildirSettings(folder=folder, keep=keep))


def where(folder: Path) -> list[str]:
    return [file.parent.name for file in folder.glob("*/*")]


async def test_mails_of_a_maildir_are_seen_or_gone_when_they_are_recorded(tmp_path: Path) -> None:
    kept, deleted, take = tmp_path / "kept", tmp_path / "deleted", Taking()

    counts = [
        await maildir(kept, ONE, TWO).drain(take),
        await maildir(deleted, ONE, keep=False).drain(take),
    ]

    assert counts == [2, 1]
    assert take.mails == [(ONE, (), "maildir"), (TWO, (), "maildir"), (ONE, (), "maildir")]
    assert sorted(file.name for file in kept.glob("*/*")) == ["170.host:2,S", "171.host:2,S"]
    assert list(deleted.glob("*/*")) == []


async def test_mail_of_a_maildir_that_is_not_recorded_stays_new(tmp_path: Path) -> None:
    take = Taking(failures=1)
    box = maildir(tmp_path, ONE)

    with pytest.raises(StoreError):
        await box.drain(take)

    assert where(tmp_path) == ["new"]
    assert await box.drain(take) == 1


async def test_mails_of_a_maildir_are_taken_as_they_come(tmp_path: Path) -> None:
    take = Taking()
    box = Maildir(MaildirSettings(folder=tmp_path / "none yet", keep=True))

    async with followed(box, take):
        maildir(tmp_path / "none yet", ONE)
        await until_taken(take, 1)


async def test_maildir_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    box = maildir(tmp_path, ONE)
    (tmp_path / "cur").rmdir()
    (tmp_path / "cur").write_text("")

    with pytest.raises(MailboxError, match=r"Maildir .* cannot be used \(Not a directory"):
        await box.drain(Taking())


async def test_large_mail_is_not_read_whole(tmp_path: Path) -> None:
    take = Taking()

    await maildir(tmp_path, b"x" * (LIMIT_BYTES + 100)).drain(take)

    assert [len(raw) for raw in take.raws] == [LIMIT_BYTES + 1]


# --- LMTP


@pytest.fixture(params=["port", "socket"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> LmtpListener:
    settings = (
        LmtpListenSettings(host="127.0.0.1", port=0)
        if request.param == "port"
        else LmtpListenSettings(socket=tmp_path / "lmtp")
    )
    return LmtpListener(settings, BOUNCE)


def connected(listener: LmtpListener, tmp_path: Path) -> smtplib.LMTP:
    path = tmp_path / "lmtp"
    return smtplib.LMTP(str(path)) if path.exists() else smtplib.LMTP("127.0.0.1", listener.port)


async def until_listening(listener: LmtpListener, tmp_path: Path) -> None:
    async def is_so() -> bool:
        return listener.port != 0 or (tmp_path / "lmtp").exists()

    await until(is_so)


async def test_mail_over_lmtp_is_answered_for_each_recipient_when_it_is_recorded(
    listener: LmtpListener, tmp_path: Path
) -> None:
    take = Taking(failures=1)
    to = ["bounce@example.org", "BOUNCE+abc@Example.org"]

    def send() -> tuple[Any, ...]:
        with connected(listener, tmp_path) as server:
            server.ehlo()
            server.mail("")
            refused = [server.rcpt(each)[0] for each in ("news@example.org", "bounce+@example.org")]
            taken = [server.rcpt(each)[0] for each in to]
            first = server.data(ONE)
            second = server.getreply()
            return refused, taken, first, second, server.noop()[0]

    async with followed(listener, take):
        await until_listening(listener, tmp_path)
        answers = await asyncio.to_thread(send)

    assert answers == (
        [550, 550],
        [250, 250],
        (451, b"4.3.0 not now"),
        (250, b"2.6.0 recorded"),
        250,
    )
    assert take.mails == [(ONE, (to[1],), "lmtp")]
    assert not (tmp_path / "lmtp").exists()


async def test_mail_under_way_over_lmtp_is_recorded_before_the_listener_ends(
    tmp_path: Path,
) -> None:
    listener = LmtpListener(LmtpListenSettings(socket=tmp_path / "lmtp"), BOUNCE)
    begun, stop = asyncio.Event(), asyncio.Event()

    async def slow(raw: bytes, recipients: Sequence[str] = (), *, via: str) -> None:
        begun.set()
        await asyncio.sleep(0.2)

    def send() -> dict[str, Any]:
        with connected(listener, tmp_path) as server:
            return server.sendmail("", ["bounce@example.org"], ONE)

    following = asyncio.create_task(listener.follow(slow, stop))
    await until_listening(listener, tmp_path)
    sending = asyncio.create_task(asyncio.to_thread(send))
    await begun.wait()
    stop.set()

    assert await sending == {}
    await following


async def test_port_that_is_taken_is_named() -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    listener = LmtpListener(LmtpListenSettings(host="127.0.0.1", port=port), BOUNCE)

    with pytest.raises(MailboxError, match=f"LMTP cannot listen on 127.0.0.1:{port}"):
        await listener.follow(Taking(), asyncio.Event())
    taken.close()


# --- IMAP


def imap(rig: ImapRig, **changes: Any) -> Imap:
    settings: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": rig.port,
        "security": "none",
        "verify": True,
        "ca_file": None,
        "username": USER,
        "password": PASSWORD,
        "folder": "INBOX",
        "move_to": None,
        "keep": True,
    }
    return Imap(ImapSettings(**(settings | changes)))


SEEN = [({r"\Seen"}), ({r"\Seen"})]


@pytest.mark.parametrize(
    ("changes", "capabilities", "left", "moved"),
    [
        ({}, "IDLE", SEEN, []),
        ({"keep": False}, "IDLE UIDPLUS", [], []),
        ({"keep": False}, "IDLE", [{r"\Seen", r"\Deleted"}] * 2, []),
        ({"move_to": "Read it"}, "MOVE", [], ["Read it"] * 2),
        ({"move_to": "Read it"}, "UIDPLUS", [], ["Read it"] * 2),
    ],
    ids=["seen", "deleted", "marked", "moved", "copied"],
)
async def test_mails_of_an_imap_folder_are_let_go_as_the_config_says(
    changes: dict[str, Any], capabilities: str, left: list[set[str]], moved: list[str]
) -> None:
    async with ImapRig() as rig:
        rig.capabilities = f"IMAP4rev1 {capabilities}"
        await rig.put(ONE, TWO)
        take, box = Taking(), imap(rig, **changes)

        counts = [await box.drain(take), await box.drain(take)]

        assert counts == [2, 0]
        assert take.mails == [(ONE, (), "imap"), (TWO, (), "imap")]
        assert rig.flags() == left
        assert [folder for folder, _ in rig.moved] == moved


async def test_line_that_breaks_marks_nothing_that_is_not_recorded() -> None:
    """F34: in the middle of a mail, and between the recording and the mark."""
    async with ImapRig() as rig:
        await rig.put(ONE, TWO)
        take, box = Taking(), imap(rig)
        for command in ("FETCH", "STORE"):
            rig.cuts = [command]
            with pytest.raises(MailboxError, match="the server has closed the connection"):
                await box.drain(take)
            assert rig.flags() == [set(), set()]

        assert await box.drain(take) == 2
        assert take.raws == [ONE, ONE, TWO]  # the second look at the first is known as a copy


async def test_mail_that_cannot_be_recorded_stays_unseen_in_imap() -> None:
    async with ImapRig() as rig:
        await rig.put(ONE)
        with pytest.raises(StoreError):
            await imap(rig).drain(Taking(failures=1))

        assert rig.flags() == [set()]


async def test_mails_are_taken_while_the_folder_is_watched() -> None:
    async with ImapRig() as rig:
        await rig.put(ONE)
        take = Taking()
        async with followed(imap(rig), take):
            await rig.idling.wait()
            await rig.put(TWO)
            await until_taken(take, 2)
            await rig.idling.wait()

        assert take.raws == [ONE, TWO]
        assert rig.commands[-1] == "LOGOUT"


async def test_server_that_goes_while_its_folder_is_watched_is_noticed() -> None:
    async with ImapRig() as rig:
        rig.cuts = ["IDLE"]
        with pytest.raises(MailboxError, match="closed the connection"):
            await imap(rig).follow(Taking(), asyncio.Event())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"password": "wrong"}, "the server refuses: .*who are you"),
        ({"folder": "Nowhere"}, "the server refuses: .*no such folder"),
        ({"port": 1}, "IMAP server 127.0.0.1:1: "),
    ],
)
async def test_folder_that_cannot_be_opened_says_why(changes: dict[str, Any], reason: str) -> None:
    async with ImapRig() as rig:
        with pytest.raises(MailboxError, match=reason) as caught:
            await imap(rig, **changes).drain(Taking())

    assert "wrong" not in str(caught.value)


async def test_imap_over_tls_checks_the_certificate(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    async with ImapRig(made.server_context()) as rig:
        await rig.put(ONE)
        take = Taking()
        with pytest.raises(MailboxError, match="CERTIFICATE_VERIFY_FAILED"):
            await imap(rig, security="tls").drain(take)
        trusting: list[Callable[[], Imap]] = [
            lambda: imap(rig, security="tls", ca_file=made.certificate_file, keep=False),
            lambda: imap(rig, security="tls", verify=False),
        ]

        assert [await make().drain(take) for make in trusting] == [1, 0]


async def test_line_to_imap_is_encrypted_before_anything_is_said(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    async with ImapRig(starttls=certificate.server_context()) as rig:
        rig.capabilities = "IMAP4rev1 STARTTLS LOGINDISABLED"
        await rig.put(ONE)
        take = Taking()
        box = imap(rig, security="starttls", ca_file=certificate.certificate_file, keep=False)

        with pytest.raises(MailboxError, match="CERTIFICATE_VERIFY_FAILED"):
            await imap(rig, security="starttls").drain(take)
        untold = rig.commands.copy()
        rig.commands.clear()
        assert await box.drain(take) == 1
        told = [each.split()[0] for each in rig.commands]
        rig.ahead = b"* OK and by the w"
        with pytest.raises(MailboxError, match="goes on talking before the line is encrypted"):
            await box.drain(take)
        rig.capabilities = "IMAP4rev1 IDLE"
        rig.commands.clear()
        with pytest.raises(MailboxError, match="does not offer STARTTLS"):
            await box.drain(take)

    assert untold == ["CAPABILITY", "STARTTLS"]
    assert told[:4] == ["CAPABILITY", "STARTTLS", "CAPABILITY", "LOGIN"]
    assert rig.mails == []  # by UIDPLUS, which was not offered before
    assert rig.commands == ["CAPABILITY", "LOGOUT"]


async def test_imap_is_logged_in_to_with_the_token_of_the_moment(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="aioimaplib")
    certificate, file = make_certificate(tmp_path), tmp_path / "token"
    initial = base64.b64encode(f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01".encode()).decode()
    async with ImapRig(starttls=certificate.server_context()) as rig:
        rig.capabilities = "IMAP4rev1 STARTTLS"
        await rig.put(ONE)
        take = Taking()
        trusting = {"security": "starttls", "ca_file": certificate.certificate_file}
        box = imap(rig, password="", oauth_token_file=file, **trusting)

        async def refused() -> str:
            with pytest.raises(MailboxError) as caught:
                await box.drain(take)
            return str(caught.value).partition(": ")[2]

        missing = await refused()
        await asyncio.to_thread(file.write_text, f"{TOKEN}\n")
        taken = await box.drain(take)
        shown = caplog.text
        rig.token, rig.challenge = "renewed", f"no {TOKEN}"
        told = await refused()
        await asyncio.to_thread(file.write_text, "renewed")
        again = await box.drain(take)
        rig.encrypted = "IMAP4rev1 AUTH=PLAIN"
        without = await refused()

    assert (taken, again) == (1, 0)
    assert missing == f"oauth_token_file {file}: No such file or directory"
    # It has told why, and waited for an empty line; A30: and repeats what it was shown.
    assert told == "the server refuses the token: AUTHENTICATE failed [token] (no [token])"
    assert "" in rig.commands
    assert without == 'the server does not offer XOAUTH2; set auth = "password"?'
    assert "AUTHENTICATE XOAUTH2" in shown
    assert TOKEN not in shown
    assert initial not in shown
