"""An issue over a real Postfix, as a provider has it: STARTTLS, a login, and real mailboxes."""

from __future__ import annotations

import email.parser
import email.policy
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig import postfix
from tests.rig.postfix import DOMAIN, PASSWORD, USER, Postfix
from tests.rig.program import Site, free_port

pytestmark = pytest.mark.skipif(not postfix.is_installed(), reason="see .ci/run")

MANY = 2000


@pytest.fixture
def relay() -> Iterator[Postfix]:
    with postfix.running() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, relay: Postfix) -> Site:
    """A site with one article, whose relay is this Postfix."""
    made = Site(tmp_path)
    made.write("kept", "Kept promises")
    use(made, relay, PASSWORD)
    return made


def use(site: Site, relay: Postfix, password: str) -> None:
    """Have the site send over the relay with this password."""
    site.send_by(f"""
host = "127.0.0.1"
port = {relay.port}
security = "starttls"
ca_file = "{relay.ca_file}"
username = "{USER}"
password = "{password}"
connections = 10
""")


async def send(site: Site, *names: str) -> tuple[int, str, dict[str, Any]]:
    """Subscribe people and send them an issue; give exit code, complaint, and what became of it."""
    people = site.folder / "people.csv"
    rows = "\n".join(f"{name}@{DOMAIN}" for name in names)
    people.write_text(f"email\n{rows}\n", encoding="utf-8")
    await site.aside("migrate")
    await site.aside("ingest")
    await site.succeed(
        *("subscribers", "import", str(people)),
        *("--newsletter", "digest", "--cadence", "daily", "--confirmed"),
    )
    code, _, error = await site.command("issues", "send-now", "digest", "--cadence", "daily")
    issue = json.loads(await site.aside("issues", "show", "1", "--json"))
    return code, error, issue["balance"]


def arrived(relay: Postfix) -> list[tuple[str, str]]:
    """Give recipient and Message-ID of all that is in the mailbox."""
    parser = email.parser.BytesHeaderParser(policy=email.policy.default)
    messages = (parser.parsebytes(file.read_bytes()) for file in (relay.mailbox / "new").iterdir())
    return [(str(each["X-Original-To"]), str(each["Message-ID"])) for each in messages]


async def test_issue_for_thousands_arrives_exactly_once_at_each(site: Site, relay: Postfix) -> None:
    names = [f"reader{number}" for number in range(MANY)]

    code, _, balance = await send(site, *names)
    await relay.until_delivered(MANY)

    found = arrived(relay)
    assert (code, balance["accepted"]) == (0, MANY)
    assert Counter(f"{name}@{DOMAIN}" for name in names) == Counter(to for to, _ in found)
    assert len({message_id for _, message_id in found}) == MANY
    assert relay.complaints() == []


async def test_unknown_recipient_fails_at_once_or_when_the_report_comes_back(
    tmp_path: Path,
) -> None:
    """Of one the relay knows it; of the other it finds out later, and reports to the token."""
    listens = f"127.0.0.1:{free_port()}"
    site = Site(tmp_path)
    site.write("kept", "Kept promises")
    with postfix.running(f"lmtp:inet:{listens}") as relay:
        use(site, relay, PASSWORD)
        with site.config.open("a", encoding="utf-8") as config:  # its end is [bounces]
            config.write(f'lmtp = "{listens}"\n')
        await site.aside("migrate")
        async with site.running("clock") as service:
            await service.until_said("bounces are taken over LMTP")
            await send(site, "reader1", "nobody", "reader2", "ghost1")
            await relay.until_delivered(2)
            await service.until_said("address suppressed")
        failed = json.loads(
            await site.aside("issues", "recipients", "1", "--state", "failed", "--json")
        )
        (bounce,) = json.loads(await site.aside("bounces", "list", "--json"))
        suppressed = json.loads(await site.aside("suppressions", "list", "--json"))

        assert sorted(to for to, _ in arrived(relay)) == [f"reader1@{DOMAIN}", f"reader2@{DOMAIN}"]
    assert [(row["address"], row["reply"]) for row in failed] == [
        (
            f"nobody@{DOMAIN}",
            f"550 5.1.1 <nobody@{DOMAIN}>: Recipient address rejected: "
            "User unknown in virtual mailbox table",
        )
    ]
    assert (bounce["kind"], bounce["status"], bounce["via"]) == ("hard", "5.1.1", "lmtp")
    assert "unknown user" in bounce["diagnostic"]
    assert [(row["address"], row["reason"]) for row in suppressed] == [
        (f"nobody@{DOMAIN}", "hard_bounce"),
        (f"ghost1@{DOMAIN}", "hard_bounce"),
    ]


async def test_refused_login_fails_nobody(site: Site, relay: Postfix) -> None:
    use(site, relay, "wrong")
    code, error, balance = await send(site, "reader1")

    assert (code, balance["failed"], balance["pending"]) == (1, 0, 1)
    assert f"127.0.0.1:{relay.port}: login as 'news' failed, no recipient was touched: 535" in error
    assert not (relay.mailbox / "new").exists()
