"""Somebody's odd name, from wherever the database has it, is theirs alone and breaks nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from publisher.errors import AddressError
from publisher.letters import Letters, Stationery
from publisher.mail.address import MAX_NAME
from publisher.model import Address
from publisher.store.tables import subscribers as people
from publisher.tokens import Tokens
from tests.mail.reading import person, unfolded_field
from tests.mail.sample import bodies, parsed
from tests.rig.desk import Desk

SECRET = b"k" * 32
OVERRIDE = "\N{RIGHT-TO-LEFT OVERRIDE}"


def letters(desk: Desk, bounce: Address | None = None) -> Letters:
    return Letters(
        desk.store,
        Stationery(
            publication=desk.publication,
            newsletters={desk.newsletter.slug: desk.newsletter},
            tokens=Tokens({1: SECRET}, 1),
            secret=SECRET,
            bounce=bounce,
        ),
    )


@pytest.fixture
async def two(desk: Desk) -> Desk:
    """A desk whose issue goes to Ann and to somebody whose name a test writes."""
    await desk.bring("tide")
    await desk.join("ann")
    await desk.join("odd")
    return desk


async def mails(desk: Desk, name: str) -> dict[str, bytes]:
    """Let the database have this name, and write the mails of an issue."""
    async with desk.store.write() as connection:
        await connection.execute(
            update(people).where(people.c.mailbox == "odd@example.org").values(name=name)
        )
    await desk.issue_now()
    write = letters(desk).write
    return {claim.address.mailbox: (await write(claim)).content for claim in await desk.claim()}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Odd\r\nBcc: eve@example.org", "Odd Bcc: eve@example.org"),
        ("Odd\r\n\r\n<script>alert(1)</script>", "Odd <script>alert(1)</script>"),
        (f"gro.elpmaxe@eve{OVERRIDE} Odd", "gro.elpmaxe@eve Odd"),
        ("O\x1b[31md\x7fd\x85", "O[31mdd"),
        ("👩\N{ZERO WIDTH JOINER}🚀 Odd 🏴‍☠️", "👩\N{ZERO WIDTH JOINER}🚀 Odd 🏴‍☠️"),
        ("{{7*7}} {% raw %}", "{{7*7}} {% raw %}"),
        ("\ue0f0unsubscribe_url\ue0f1", "unsubscribe_url"),
        ("=?utf-8?q?x?=", "=?utf-8?q?x?="),
        ("é\N{COMBINING ACUTE ACCENT}" * 2500, "é\N{COMBINING ACUTE ACCENT}" * 99 + "é…"),
        ("..\r\n.\r\n", ".. ."),
    ],
)
async def test_odd_name_is_shown_as_what_is_left_of_it(two: Desk, name: str, shown: str) -> None:
    written = await mails(two, name)

    message = parsed(written["odd@example.org"])
    to = unfolded_field(written["odd@example.org"], "To")
    assert (shown, "odd@example.org") == person(to)
    assert [] == message.defects
    assert set(parsed(written["ann@example.org"]).keys()) == set(message.keys())
    assert len(shown) <= MAX_NAME


async def test_odd_name_changes_nobody_elses_mail(two: Desk) -> None:
    written = await mails(two, f"Odd\r\nBcc: eve@example.org{OVERRIDE}")

    ann = parsed(written["ann@example.org"])
    assert "ann@example.org" == ann["To"]
    assert b"eve" not in written["ann@example.org"]
    assert 2 == len(bodies(ann))


async def test_odd_mailbox_is_refused_for_that_person_alone(two: Desk) -> None:
    async with two.store.write() as connection:
        await connection.execute(
            update(people)
            .where(people.c.mailbox == "odd@example.org")
            .values(mailbox="odd@example.org>\r\nRCPT TO:<eve@example.org")
        )
    await two.issue_now()
    ann, odd = sorted(await two.claim(), key=lambda claim: claim.address.mailbox)

    assert (await letters(two).write(ann)).content.endswith(b"--\r\n")
    with pytest.raises(AddressError):
        await letters(two).write(odd)


@pytest.mark.parametrize(("letters_long", "leaves"), [(6, True), (32, False)])
async def test_mail_names_an_address_for_leaving_where_there_is_room_for_its_token(
    two: Desk, letters_long: int, leaves: bool
) -> None:
    """A bounce's token is shorter: the mail goes out all the same."""
    bounce = Address(mailbox=f"{'b' * letters_long}@example.org")
    await two.issue_now()
    (claim, _) = await two.claim()

    message = await letters(two, bounce).write(claim)

    assert message.envelope.sender.startswith(f"{'b' * letters_long}+")
    assert (b">, <mailto:bbbbbb+" in message.content) == leaves
    assert b"\r\nList-Unsubscribe: <https://" in message.content
