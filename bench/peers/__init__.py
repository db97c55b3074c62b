"""Other senders of the same mail, for bench.delivery: each sends so many messages and is timed."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import smtplib
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiosmtplib

from bench.memory import peak_mib
from bench.message import SENDER, rendition, with_email_message
from publisher.mail.slots import Slot, marker
from publisher.model import Address

CONNECTIONS = 20
BOUNCE = "bounce@example.org"
HERE = Path(__file__).parent


async def with_aiosmtplib(port: int, people: int) -> dict[str, Any]:
    """A pool of aiosmtplib's connections, and an EmailMessage for each recipient."""
    numbers = iter(range(people))
    source = rendition()

    async def connection() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for number in numbers:
                reader = recipient(number)
                content = with_email_message(source, reader, number)
                await client.sendmail(BOUNCE, reader.mailbox, content)

    return await timed(connection)


def with_smtplib(port: int, people: int) -> dict[str, Any]:
    """A thread for each connection of the standard library's."""
    numbers = iter(range(people))
    lock = threading.Lock()
    source = rendition()

    def connection() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                reader = recipient(number)
                content = with_email_message(source, reader, number)
                client.sendmail(BOUNCE, reader.mailbox, content)

    threads = [threading.Thread(target=connection) for _ in range(CONNECTIONS)]
    began, used = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told_of(time.perf_counter() - began, time.process_time() - used)


def with_nodemailer(port: int, people: int) -> dict[str, Any]:
    """Nodemailer's pool, composing each message from two strings."""
    source = rendition()
    told = {
        "port": port,
        "people": people,
        "connections": CONNECTIONS,
        "subject": source.subject,
        "bounce": BOUNCE,
        "from": f"{SENDER.name} <{SENDER.mailbox}>",
        "text": source.text,
        "html": source.html,
        "markers": {slot.value: marker(slot) for slot in Slot},
    }
    done = subprocess.run(
        ["node", str(HERE / "nodemailer.mjs")],
        input=json.dumps(told),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def with_smtp_source(port: int, people: int) -> dict[str, Any]:
    """Postfix's load generator: it composes nothing, and writes as fast as C can."""
    program = shutil.which("smtp-source", path="/usr/sbin:/usr/lib/postfix/sbin:/usr/bin")
    if program is None:
        raise SystemExit("smtp-source is missing; apt-get install postfix")
    began = time.perf_counter()
    octets = len(with_email_message(rendition(), recipient(0), 0))
    subprocess.run(
        [program, "-s", str(CONNECTIONS), "-m", str(people), "-l", str(octets), "-d",
         "-f", BOUNCE, "-t", "reader@example.net", f"127.0.0.1:{port}"],
        check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": time.perf_counter() - began,
        "processor": used.ru_utime + used.ru_stime,
        "mib": None,  # nothing tells it of a process that has ended
    }


def recipient(number: int) -> Address:
    return Address(mailbox=f"reader{number}@example.net", name="A Reader")


async def timed(connection: Callable[[], Awaitable[None]]) -> dict[str, Any]:
    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return told_of(time.perf_counter() - began, time.process_time() - used)


def told_of(seconds: float, processor: float) -> dict[str, Any]:
    return {"seconds": seconds, "processor": processor, "mib": peak_mib()}
