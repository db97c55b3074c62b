"""The golden message: ``digest.txt`` and ``digest.html`` composed into ``digest.eml``.

The slots stand in the two sources as [[name]]. To write the message anew after a change
that is meant, then read the difference in review:

    python -m tests.golden.mail.make
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from publisher.mail.compose import Headers, ListFields, list_identifier, message_id, prepare
from publisher.mail.slots import Slot, marker
from publisher.mail.verp import verp
from publisher.model import Address, Message, Rendition

HERE = Path(__file__).parent
EXPECTED = HERE / "digest.eml"


def compose() -> Message:
    date = datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    rendition = Rendition(
        id=1,
        newsletter="digest",
        issue=12,
        key="12/en",
        language="en",
        subject="The Digest: “Nurses' strike” enters its third week, and four more stories",
        text=_with_slots("digest.txt"),
        html=_with_slots("digest.html"),
        parts=(("digest", (1, 2)),),
        created=date,
    )
    headers = Headers(
        sender=Address(mailbox="news@example.org", name="Example News, Ltd."),
        reply_to=Address(mailbox="editor@example.org"),
        date=date,
        mailing_list=ListFields(
            title="The Digest",
            identifier=list_identifier("digest", "https://news.example.org"),
            archive="https://news.example.org/newsletters/digest",
        ),
    )
    token = "aebagbafaydqqcikbmga2dqpcaireeyuculbogazdinryhi6d4qa"
    return prepare(rendition, headers).message(
        recipient=Address(mailbox="zoe+news@example.net", name="Zoë O'Hara & <Sons>"),
        envelope_sender=verp(Address(mailbox="bounce@example.org"), token[:36]),
        message_id=message_id(b"k" * 32, 12, 7, domain="example.org"),
        leaves_by=verp(Address(mailbox="bounce@example.org"), token[:36]),
        values={
            Slot.NAME: "Zoë O'Hara & <Sons>",
            Slot.ADDRESS: "zoe+news@example.net",
            Slot.UNSUBSCRIBE_URL: f"https://news.example.org/u/{token[:36]}",
            Slot.PREFERENCES_URL: f"https://news.example.org/preferences/{token[:36]}?a=1&b=2",
        },
    )


def _with_slots(file: str) -> str:
    source = (HERE / file).read_text("utf-8")
    return re.sub(r"\[\[(\w+)]]", lambda found: marker(Slot(found[1])), source)


if __name__ == "__main__":
    EXPECTED.write_bytes(compose().content)
