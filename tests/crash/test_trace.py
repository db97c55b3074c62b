"""What the kernel saw of a send: each mark and each outcome lay on the disk before what needs it.

The real program under strace, with SQLite and one connection, so that there is one order.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig.program import PROGRAM, Site, environment
from tests.rig.script import Act, Moment, say
from tests.rig.smtp import SmtpRig

pytestmark = [
    pytest.mark.no_cover,
    pytest.mark.skipif(shutil.which("strace") is None, reason="see .ci/run"),
]

PEOPLE = Path(__file__).parents[2] / "examples" / "subscribers.csv"
CALLS = "read,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,fsync,fdatasync"
SENDS = ("write", "writev", "sendto", "sendmsg")
READS = ("read", "recvfrom", "recvmsg")


@dataclass(frozen=True, slots=True)
class Call:
    """A system call as strace tells it. Began and ended are places in the order of all."""

    text: str
    began: int
    ended: int

    def is_one_of(self, names: Sequence[str], *words: str) -> bool:
        return self.text.partition("(")[0] in names and all(word in self.text for word in words)


def calls(trace: Path) -> Iterator[Call]:
    """Read a trace. A call that others came between stands in two lines, where it began and ended.

    A call that begins later in the file than another one ended began after that: strace lets a
    process go on only when it has written what it saw.
    """
    begun: dict[str, tuple[int, str]] = {}
    with trace.open(encoding="ascii") as lines:
        for place, line in enumerate(lines):
            process, text = line.split(maxsplit=1)
            if text.endswith("<unfinished ...>\n"):
                begun[process] = place, text.removesuffix("<unfinished ...>\n")
            elif resumed := re.match(r"<\.\.\. \w+ resumed>", text):
                began, head = begun.pop(process)
                yield Call(head + text[resumed.end() :], began, place)
            else:
                yield Call(text, place, place)


class Trace:
    def __init__(self, path: Path) -> None:
        self.calls = list(calls(path))

    def first(self, names: Sequence[str], *words: str, after: int = 0) -> Call:
        """Give the first of these calls that says all these words and began after a place."""
        for call in self.calls:
            if call.began > after and call.is_one_of(names, *words):
                return call
        raise AssertionError(f"no {'/'.join(names)} of {words} after {after}")

    def is_durable(self, words: str, *, after: int, before: int) -> bool:
        """Say whether words went into the database's files between two places, and to the disk."""
        written = [
            call
            for call in self.calls
            if call.is_one_of(["pwrite64"], "publisher.db", words) and after < call.began
        ]
        return any(
            call.is_one_of(["fsync", "fdatasync"], "publisher.db", " = 0\n")
            and written[0].ended < call.began
            and call.ended < before
            for call in self.calls
            if written
        )


async def test_mark_is_on_disk_before_the_dot_and_outcome_before_the_next(site: Site) -> None:
    async with SmtpRig(kept_for_whom) as rig:
        site.send_by(f'host = "127.0.0.1"\nport = {rig.port}\nsecurity = "none"\nconnections = 1\n')
        await site.aside("migrate")
        await site.aside("ingest")
        await site.succeed(
            *("subscribers", "import", str(PEOPLE), "--newsletter", "digest"),
            *("--cadence", "daily", "--confirmed"),
        )

        trace = await send_traced(site)

    recipients = [message.recipient for message in rig.accepted]
    offers = [trace.first(SENDS, f"RCPT TO:<{each}>") for each in recipients]
    goes_on = [trace.first(READS, "354 end with a dot", after=offer.began) for offer in offers]
    dots = [trace.first(SENDS, r'\r\n.\r\n"', after=offer.began) for offer in offers]
    replies = [trace.first(READS, f"kept for {each}") for each in recipients]
    says = trace.first(SENDS, "accepted 6 + failed 0")
    assert 6 == len(recipients)
    for one, go, dot, reply, following in zip(
        recipients, goes_on, dots, replies, [*dots[1:], says], strict=True
    ):
        assert go.ended < dot.began <= dot.ended < reply.ended < following.began
        assert trace.is_durable("sending", after=go.ended, before=dot.began), one
        assert trace.is_durable(f"kept for {one}", after=reply.ended, before=following.began), one


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.write("kept", "Kept promises")
    return made


def kept_for_whom(moment: Moment) -> Act | None:
    """Answer each message in words of its own, which the ledger keeps."""
    return say(250, f"2.0.0 kept for {moment.argument}") if moment.verb == "CONTENT" else None


async def send_traced(site: Site) -> Trace:
    trace = site.folder / "trace"
    process = await asyncio.create_subprocess_exec(
        *("strace", "--follow-forks", "--decode-fds=path", "--string-limit=1000000"),
        *("--quiet=all", f"--trace={CALLS}", "--output", trace),
        *(PROGRAM, "issues", "send-now", "digest"),
        cwd=site.folder,
        env=environment(),
    )
    assert await process.wait() == 0
    return Trace(trace)
