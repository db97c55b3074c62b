"""How much does composing in two stages save against an EmailMessage for each recipient?

    python -m bench.message

One digest of 20 stories, about 30 KB on the wire, with a recipient's name, address and two
URLs in both bodies. The ways take turns in one run; the table shows the median round of
each. Trust the ratios, not the figures.
"""

from __future__ import annotations

import html
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

from rich.console import Console
from rich.table import Table

from publisher.mail.address import header
from publisher.mail.compose import Headers, ListFields, prepare
from publisher.mail.slots import Slot, marker
from publisher.model import Address, Rendition

ROUNDS = 7
DATE = datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
SENDER = Address(mailbox="news@example.org", name="Example News")
LIST = ListFields(title="The Digest", identifier="digest.example.org")
STORY = (
    "Talks at the northern yards ended late on Thursday without a date for the next round. "
    "Both sides said “progress” had been made on rest days, less so on night pay. "
) * 3


def rendition() -> Rendition:
    name, address, leave, choose = (
        marker(slot)
        for slot in (Slot.NAME, Slot.ADDRESS, Slot.UNSUBSCRIBE_URL, Slot.PREFERENCES_URL)
    )
    page = "".join(
        f'<tr><td style="padding: 16px 0; font: 16px/1.5 Georgia, serif; color: #222222">'
        f'<h2 style="margin: 0 0 8px; font-size: 20px"><a href="https://example.org/articles/{n}"'
        f' style="color: #003366; text-decoration: none">Story number {n} of the week</a></h2>'
        f'<p style="margin: 0">{STORY}</p></td></tr>\n'
        for n in range(20)
    )
    text = "".join(
        f"Story number {n} of the week\n{STORY}\nhttps://example.org/articles/{n}\n\n"
        for n in range(20)
    )
    return Rendition(
        id=1,
        newsletter="digest",
        issue=1,
        key="1/en",
        language="en",
        subject="The Digest: twenty stories",
        html=f"<p>Dear {name},</p><table>{page}</table><p>{address}: "
        f'<a href="{leave}">Unsubscribe</a> <a href="{choose}">Choose</a></p>\n',
        text=f"Dear {name},\n\n{text}{address}\n{leave}\n{choose}\n",
        parts=(("digest", tuple(range(20))),),
        created=DATE,
    )


def values(recipient: Address, number: int) -> dict[Slot, str]:
    token = f"{number:036d}"
    return {
        Slot.NAME: recipient.name,
        Slot.ADDRESS: recipient.mailbox,
        Slot.UNSUBSCRIBE_URL: f"https://example.org/u/{token}",
        Slot.PREFERENCES_URL: f"https://example.org/preferences/{token}",
    }


def with_email_message(source: Rendition, recipient: Address, number: int) -> bytes:
    text, page = source.text, source.html
    own = values(recipient, number)
    for slot, value in own.items():
        text = text.replace(marker(slot), value)
        page = page.replace(marker(slot), html.escape(value))
    message = EmailMessage(policy=SMTP.clone(max_line_length=998))
    message["From"] = header(SENDER)
    message["To"] = header(recipient)
    message["Subject"] = source.subject
    message["Date"] = DATE
    message["Message-ID"] = f"<{number}@example.org>"
    message["List-Id"] = f"{LIST.title} <{LIST.identifier}>"
    message["List-Unsubscribe"] = f"<{own[Slot.UNSUBSCRIBE_URL]}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def seconds_each(make: Callable[[int], bytes], count: int) -> float:
    start = time.perf_counter()
    for number in range(count):
        make(number)
    return (time.perf_counter() - start) / count


def main() -> None:
    source = rendition()
    prepared = prepare(source, Headers(sender=SENDER, date=DATE, mailing_list=LIST))
    plain = Address(mailbox="ann@example.net", name="Ann Example")
    foreign = Address(mailbox="wang@example.net", name="王小明")

    def in_two_stages(recipient: Address, number: int) -> bytes:
        return prepared.message(
            recipient=recipient,
            envelope_sender="bounce@example.org",
            message_id=f"<{number}@example.org>",
            values=values(recipient, number),
        ).content

    ways: list[tuple[str, Callable[[int], bytes], int]] = [
        ("EmailMessage for each recipient", lambda n: with_email_message(source, plain, n), 20),
        ("two stages, ASCII name", lambda n: in_two_stages(plain, n), 5000),
        ("two stages, Chinese name", lambda n: in_two_stages(foreign, n), 5000),
    ]
    rounds = [[seconds_each(make, count) for _, make, count in ways] for _ in range(ROUNDS)]
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    table = Table(title=f"Composing a digest of {len(in_two_stages(plain, 0)):,} octets")
    for column in ("way", "messages/s", "µs each", "ratio"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for (way, _, _), median in zip(ways, medians, strict=True):
        table.add_row(
            way, f"{1 / median:,.0f}", f"{median * 1e6:,.0f}", f"{medians[0] / median:,.0f}x"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
