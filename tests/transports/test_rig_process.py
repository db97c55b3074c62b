"""The scripted server as a process of its own, as the kill tests use it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from publisher.mail import wire
from publisher.model import Envelope
from publisher.transports.smtp import Smtp, SmtpSettings


async def test_message_is_in_the_log_when_it_is_answered(tmp_path: Path) -> None:
    log = tmp_path / "taken.log"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.rig.smtp", "--port", "0", "--log", str(log)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        smtp = Smtp(SmtpSettings(host="127.0.0.1", port=port, security="none"))
        await smtp.offer(
            wire.message(
                Envelope(sender="b@news.example", recipient="ada@reader.example"),
                b"Message-ID: <1@news.example>\r\n\r\nHello\r\n",
            )
        )
        await smtp.transmit()
        logged = log.read_text()
        await smtp.close()
    finally:
        process.kill()
        await process.communicate()

    assert logged == "ada@reader.example <1@news.example>\n"
