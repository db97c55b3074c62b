"""How fast does an issue go out with its ledger, beside others who send the same mail?

    python -m bench.delivery [RECIPIENTS]

Everybody sends one digest of 20 stories, about 30 KB on the wire, each with the recipient's own
name, address and two URLs, over so many connections to the same sink in a process of its own. Ours
is the full path: claim, compose, offer, mark durably, transmit, record durably. "No ledger" is the
same transport with the same composing and nothing written down. "Ahead" is with envelope_ahead:
the next envelope follows a content that is not yet answered. The sink's own limit is what
smtp-source, Postfix's load generator in C, reaches with it. The second table is of a relay so far
away that each reply comes 20 ms late. The third is of signed messages, beside bare signatures with
the same key in one thread. All are measured once, one after the other, in one run.
Needs smtp-source (Debian: postfix) and `npm ci` in bench/peers. Trust the ratios, not the figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from rich.console import Console
from rich.table import Table

from bench import peers
from bench.compose import CONFIG, database, subscribe
from bench.memory import measured
from bench.message import DATE, LIST, SENDER, rendition, values
from bench.peers import BOUNCE, CONNECTIONS, recipient, timed, told_of
from publisher.app import opened
from publisher.config import load
from publisher.mail.compose import Headers, prepare
from publisher.model import IssueState, Lane, Message
from publisher.store import composing, issues, renditions
from publisher.store.migrate import migrate
from publisher.transports.smtp import Smtp, SmtpSettings

RECIPIENTS = 100_000
DELAY_MS = 20
AHEAD = "envelope_ahead = true"
SIGNED = 'dkim = { domain = "example.org", selector = "news", key_file = "dkim.pem" }'
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Server:
    """The sink, and how many messages it has taken."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None  # noqa: S101
        self.port = int(process.stdout.readline())

    def taken(self) -> int:
        """Give how many messages came since this was last asked."""
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextlib.contextmanager
def sink(delay_ms: float) -> Iterator[Server]:
    """Run the sink."""
    command = [sys.executable, "-m", "bench.sink", str(delay_ms)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Server(process)
        finally:
            process.kill()


# --- ours ---------------------------------------------------------------------------------------


def site_in(folder: Path, url: str, people: int, port: int, *keys: str) -> Path:
    """Write a site with an issue that is open and has a row for each of its readers.

    ``keys`` are further ones of its relay, as they stand in the config.
    """
    migrate(url)
    (folder / "articles").mkdir()
    config = folder / "publisher.toml"
    (folder / "dkim.pem").write_bytes(KEY.private_bytes(*PEM))
    text = CONFIG.format(url=url, languages='["en"]', topics="")
    relay = relay_at(port, *keys)
    config.write_text(text.replace('host = "127.0.0.1"', relay), encoding="utf-8")
    subscribe(url, people)
    asyncio.run(_fill(config, people))
    return config


def relay_at(port: int, *keys: str) -> str:
    """Write the table of a relay that is the sink, with these lines in it."""
    lines = ['host = "127.0.0.1"', f"port = {port}", 'security = "none"', *keys]
    return "\n".join([*lines, f"connections = {CONNECTIONS}"])


async def _fill(config: Path, people: int) -> None:
    async with opened(load(config, {})) as app:
        async with app.store.write() as connection:
            issue = await issues.occur(
                connection,
                newsletter="digest",
                cadence="daily",
                slot="2026-11-30T07:00",
                due=DATE,
                state=IssueState.OPEN,
                opens=DATE,
                approved=True,
                note="",
                now=DATE,
            )
            source = replace(rendition(), issue=issue.id, parts=())
            made = await renditions.add(connection, source)
        for first in range(1, people + 1, 5000):
            async with app.store.write() as connection:
                await composing.add_deliveries(
                    connection,
                    lane=Lane.ISSUE,
                    newsletter="digest",
                    issue=issue.id,
                    rendition_of=dict.fromkeys(range(first, min(first + 5000, people + 1)), made),
                    due=DATE,
                    now=DATE,
                )


async def deliver(config: Path, people: int) -> dict[str, Any]:
    """Send the issue; give the seconds, the processor's and the peak of memory."""
    async with opened(load(config, {})) as app:
        began, used = time.perf_counter(), time.process_time()
        sent = await app.relays.deliver("main", asyncio.Event())
        assert sent.accepted == people, sent  # noqa: S101
        return told_of(time.perf_counter() - began, time.process_time() - used)


async def bare(port: int, people: int, *, is_ahead: bool) -> dict[str, Any]:
    """Send as many of the same messages with our transport, and note nothing."""
    source = prepare(rendition(), Headers(sender=SENDER, date=DATE, mailing_list=LIST))
    settings = SmtpSettings(host="127.0.0.1", port=port, security="none", envelope_ahead=is_ahead)
    numbers = iter(range(people))

    def written() -> Message | None:
        number = next(numbers, None)
        if number is None:
            return None
        reader = recipient(number)
        return source.message(
            recipient=reader,
            envelope_sender=BOUNCE,
            message_id=f"<{number}@example.org>",
            values=values(reader, number),
        )

    async def connection() -> None:
        smtp = Smtp(settings)
        message = written()
        while message is not None:
            await smtp.offer(message)
            following = written()
            await smtp.transmit(following)
            message = following
        await smtp.close()

    return await timed(connection)


def signatures(count: int) -> dict[str, Any]:
    """Make as many bare RSA signatures in one thread, of what a header is long."""
    began, used = time.perf_counter(), time.process_time()
    for number in range(count):
        KEY.sign(b"%2000d" % number, PKCS1v15(), hashes.SHA256())
    return told_of(time.perf_counter() - began, time.process_time() - used)


def main(people: int) -> None:
    few, some = max(people // 100, 200), max(people // 10, 1000)
    table = _table(f"Sending a digest of 30 KB over {CONNECTIONS} connections")
    with sink(0) as server:
        _beside(table, server, nodemailer=some, aiosmtplib=few, smtplib=few)
        _beside(table, server, **{"smtp-source": people, "bare": people, "bare-ahead": people})
        for kind in ("SQLite", "PostgreSQL"):
            _ours(table, server, people, kind)
            _ours(table, server, people, kind, AHEAD)
    Console().print(table)
    table = _table(f"The same to a relay that replies {DELAY_MS} ms late")
    with sink(DELAY_MS) as server:
        _beside(table, server, nodemailer=some, aiosmtplib=few, bare=some)
        for kind in ("SQLite", "PostgreSQL"):
            _ours(table, server, some, kind)
            _ours(table, server, some, kind, AHEAD)
    Console().print(table)
    table = _table("The same, signed with RSA-2048")
    with sink(0) as server:
        _beside(table, server, signatures=some)
        _ours(table, server, some, "SQLite", SIGNED)
        _ours(table, server, some, "PostgreSQL", SIGNED)
    Console().print(table)


def _table(title: str) -> Table:
    table = Table(title=title)
    for name in ("sender", "messages", "messages/s", "ratio", "CPU s per 1,000", "peak MiB"):
        table.add_column(name, justify="left" if name == "sender" else "right")
    return table


def _beside(table: Table, server: Server, **counts: int) -> None:
    """Measure what needs no site of ours, with so many messages each."""
    for way, count in counts.items():
        found = measured("bench.delivery", way, str(server.port), str(count))
        _tell(table, PEERS[way], count, found)
    server.taken()


def _ours(table: Table, server: Server, people: int, kind: str, *keys: str) -> None:
    with database(kind) as (folder, url):
        config = site_in(folder, url, people, server.port, *keys)
        found = measured("bench.delivery", "deliver", str(config), str(people))
    assert server.taken() == people  # noqa: S101
    _tell(table, f"ours, {kind}{', ahead' if AHEAD in keys else ''}", people, found)


def _tell(table: Table, name: str, count: int, found: dict[str, Any]) -> None:
    """Add a row; ratios are to the first."""
    rate = count / found["seconds"]
    first = _first.setdefault(id(table), rate)
    table.add_row(
        name,
        f"{count:,}",
        f"{rate:,.0f}",
        f"{rate / first:,.2f}",
        f"{found['processor'] / count * 1000:,.2f}",
        "" if found["mib"] is None else f"{found['mib']:.0f}",
    )


_first: dict[int, float] = {}
PEERS = {
    "aiosmtplib": "aiosmtplib, an EmailMessage each",
    "smtplib": "smtplib in threads, an EmailMessage each",
    "nodemailer": "nodemailer's pool, composing",
    "smtp-source": "smtp-source (C), composing nothing",
    "bare": "ours, no ledger",
    "bare-ahead": "ours, no ledger, ahead",
    "signatures": "bare signatures, one thread",
}


def one(way: str, where: str, people: int) -> dict[str, Any]:
    """Measure one way, in this process."""
    match way:
        case "deliver":
            return uvloop.run(deliver(Path(where), people))
        case "bare" | "bare-ahead":
            return uvloop.run(bare(int(where), people, is_ahead=way == "bare-ahead"))
        case "signatures":
            return signatures(people)
        case "aiosmtplib":
            return uvloop.run(peers.with_aiosmtplib(int(where), people))
        case "smtplib":
            return peers.with_smtplib(int(where), people)
        case "nodemailer":
            return peers.with_nodemailer(int(where), people)
        case _:
            return peers.with_smtp_source(int(where), people)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(json.dumps(one(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else RECIPIENTS)
