"""A ledger that is put back from an older copy is noticed before anything is sent: F24 and F40."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from publisher.deliver import Sent, give_up_unsent
from publisher.deliver.witness import Witness
from publisher.errors import StoreError
from publisher.store import accounts, generation
from publisher.store.engine import Store
from tests.rig.desk import Desk
from tests.rig.post import Post, everybody
from tests.rig.smtp import SmtpRig

SECRET = b"s" * 32


async def number(store: Store) -> int:
    async with store.read() as connection:
        return await generation.current(connection)


async def advance(store: Store, beyond: int = 0) -> int:
    async with store.write() as connection:
        return await generation.advance(connection, beyond)


async def test_generation_grows_and_catches_up(store: Store, second_store: Store) -> None:
    found = [await number(store), await advance(store), await advance(second_store)]
    found += [await advance(store, beyond=1), await advance(store, beyond=9), await number(store)]

    assert found == [0, 1, 2, 3, 10, 10]


async def test_witness_knows_an_older_copy_of_its_own_ledger_only(
    store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "new" / "witness"
    witness = Witness(file, SECRET)
    await witness.require_newest(store)  # of which there is none
    await witness.note(await advance(store))
    await witness.require_newest(store)
    await witness.note(2)
    await witness.note(1)  # by a slower process

    with pytest.raises(StoreError, match="was further once"):
        await witness.require_newest(store)
    await Witness(file, b"another" * 5).require_newest(store)
    file.write_text("garbled")
    await witness.require_newest(store)


async def test_nothing_is_sent_from_an_older_copy_until_what_it_holds_is_given_up(
    desk: Desk, tmp_path: Path
) -> None:
    witness = Witness(tmp_path / "witness", SECRET)
    async with SmtpRig() as rig:
        post = Post(desk, rig)
        post.witness = witness
        await post.issue_for("ann", "bob")
        await post.send()
        sent = await number(desk.store)
        await witness.note(sent + 1)  # this one is the copy
        await desk.bring("two")
        issue = await desk.issue_now()
        await desk.ask("cem", confirmed=False)

        with pytest.raises(StoreError, match="publisher restored"):
            await post.send()
        given_up = await give_up_unsent(desk.store, witness, clock=desk.clock)
        then = await post.send()

    assert sent == 2  # a claim, and the end of the run
    assert (given_up, then) == (2, Sent(accepted=1))
    assert post.arrived() == Counter(["ann", "bob", "cem"])
    assert await desk.balance(issue) == everybody(2, failed=2)
    async with desk.store.write() as connection:
        (row, _) = await accounts.recipients(connection, issue.id, now=desk.clock())
        settled = await accounts.settle_doubt(
            connection, row.id, arrived=True, reply="told later", now=desk.clock()
        )
    assert settled
