"""The ring of keys: a new one signs once everybody has it, a retired one opens no link."""

from __future__ import annotations

import pytest

from publisher.errors import TokenError
from publisher.store import keys
from publisher.store.keys import Ring
from publisher.tokens import Purpose, Tokens
from tests.rig.desk import Desk


async def ring(desk: Desk) -> Ring:
    async with desk.store.read() as connection:
        found = await keys.ring(connection, desk.clock())
    assert found is not None
    return found


async def test_links_of_old_mails_work_until_their_key_is_retired(desk: Desk) -> None:
    first = await ring(desk)
    old = Tokens(first.secrets, first.signing).sign(Purpose.UNSUBSCRIBE, 7)
    async with desk.store.write() as connection:
        made = await keys.add(connection, desk.clock())
    settling = await ring(desk)
    desk.clock.advance(minutes=5)
    settled = await ring(desk)
    async with desk.store.write() as connection:
        retired = [await keys.retire(connection, 1, desk.clock()) for _ in range(2)]
    last = await ring(desk)

    assert (made, retired) == (2, [True, False])
    assert [each.signing for each in (first, settling, settled, last)] == [1, 1, 2, 2]
    assert [list(each.secrets) for each in (first, settling, last)] == [[1], [1, 2], [2]]
    # What it has made besides stays: Message-IDs, hashes of who was erased.
    assert first.site == last.site
    assert Tokens(settled.secrets, settled.signing).read(Purpose.UNSUBSCRIBE, old) == (7,)
    with pytest.raises(TokenError):
        Tokens(last.secrets, last.signing).read(Purpose.UNSUBSCRIBE, old)


async def test_mails_are_counted_by_the_key_that_signed_them(desk: Desk) -> None:
    await desk.join("ann")
    await desk.join("bob")
    for name in ("one", "two"):
        await desk.bring(name)
        await desk.issue_now()
        await desk.deliver_all()
        async with desk.store.write() as connection:
            await keys.add(connection, desk.clock())
        desk.clock.advance(minutes=6)

    async with desk.store.read() as connection:
        known = await keys.listing(connection)
        counts = [await keys.signed_mails(connection, each, known) for each in known]

    assert counts == [2, 2, 0]


async def test_there_are_only_as_many_keys_as_a_link_can_name(desk: Desk) -> None:
    async with desk.store.write() as connection:
        made = [await keys.add(connection, desk.clock()) for _ in range(255)]

    assert made == [*range(2, 256), None]
