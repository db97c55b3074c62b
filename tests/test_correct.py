"""One correction to those who have an issue, below the mail that they have."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher import correct
from publisher.correct import Corrector
from publisher.model import DeliveryState, Issue, IssueState
from publisher.store import accounts, corrections, issues, renditions
from publisher.store.corrections import Correction
from publisher.store.engine import Store
from tests.mail.sample import bodies, parsed
from tests.rig import builders
from tests.rig.builders import Crash
from tests.rig.desk import Desk
from tests.test_letters import letters

NOTE = "It was *ten*, not [twelve](/twelve)."


def corrector(desk: Desk, store: Store | None = None) -> Corrector:
    return Corrector(
        store=store or desk.store,
        publication=desk.publication,
        newsletters=[desk.newsletter],
        templates=desk.templates,
        clock=desk.clock,
    )


async def corrected(desk: Desk, issue: Issue) -> Issue:
    """Correct an issue; give the one that carries it."""
    desk.clock.advance(hours=1)
    begun = await corrector(desk).correct(desk.newsletter, issue, NOTE)
    assert begun is not None
    return await desk.issue(begun.sent_as)


async def sent(desk: Desk, *names: str) -> Issue:
    """Send an issue to these, who take it."""
    for name in names:
        await desk.join(name)
    await desk.bring("tide")
    issue = await desk.issue_now()
    await desk.deliver_all()
    return await desk.issue(issue.id)


async def names_of(desk: Desk, issue: Issue) -> list[str]:
    return sorted(await desk.told_to(issue))


async def test_correction_answers_the_mail_that_each_reader_has(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(languages=("de",))
    for name, language in (("ann", ""), ("bob", "de")):
        await desk.join(name)
        await desk.wish(name, language=language)
    await desk.bring("tide")
    issue = await desk.issue_now()
    write = letters(desk).write
    had = {
        claim.address.mailbox: parsed((await write(claim)).content)
        for claim in await desk.deliver_all()
    }

    carrier = await corrected(desk, issue)

    got = {
        claim.address.mailbox: parsed((await write(claim)).content) for claim in await desk.claim()
    }
    assert got.keys() == had.keys()
    for mailbox, message in got.items():
        assert message["In-Reply-To"] == message["References"] == had[mailbox]["Message-ID"]
        assert message["Message-ID"] != had[mailbox]["Message-ID"]
        assert "/u/" in message["List-Unsubscribe"]
        for field in ("List-Id", "List-Archive", "Archived-At", "List-Unsubscribe-Post", "From"):
            assert message[field] == had[mailbox][field]
        (_, text), (_, html) = bodies(message)
        assert "It was ten, not twelve" in " ".join(text.split())
        assert "<em>ten</em>" in html
        assert 'href="https://news.example.org/newsletters/digest/issues/1"' in html
    assert got["ann@example.org"]["Subject"] == "Correction: The Digest 1: tide"
    assert got["bob@example.org"]["Subject"] == "Korrektur: The Digest 1: tide"
    assert "Korrektur zu Nr. 1 vom 23. November 2026" in bodies(got["bob@example.org"])[0][1]
    balance = await desk.balance(carrier)
    assert (balance.audience, balance.holds, carrier.number) == (2, True, None)
    assert await corrector(desk).correct(desk.newsletter, issue, "Again.") is None


async def test_it_goes_to_those_who_have_the_issue_and_read_on(desk: Desk) -> None:
    for name in ("ann", "bob", "cem", "dee", "eve", "fay"):
        await desk.join(name)
    await desk.bring("tide")
    issue = await desk.issue_now()
    claims = {claim.address.mailbox[:3]: claim for claim in await desk.claim()}
    await desk.mark(list(claims.values()))
    await desk.settle([claims.pop("fay")], DeliveryState.FAILED)
    await desk.settle(list(claims.values()), DeliveryState.ACCEPTED)
    await desk.leave("bob")
    await desk.suppress("cem")
    await desk.wish("dee", paused_until=desk.clock() + timedelta(days=9))

    carrier = await corrected(desk, issue)

    assert await names_of(desk, carrier) == ["ann", "eve"]
    await desk.leave("eve")
    assert [claim.address.mailbox[:3] for claim in await desk.deliver_all()] == ["ann"]
    balance = await desk.balance(carrier)
    assert (balance.accepted, balance.skipped, balance.holds) == (1, 1, True)


async def test_crash_resumes_behind_the_last_chunk(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, second_store: Store
) -> None:
    issue = await sent(desk, "ann", "bob", "cem")
    monkeypatch.setattr(correct, "_CHUNK", 1)
    move_on, moves = corrections.move_on, 0

    async def crash(*args: object, **values: object) -> bool:
        nonlocal moves
        moves += 1
        if moves == 2:
            raise Crash
        return await move_on(*args, **values)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(corrections, "move_on", crash)
        with pytest.raises(Crash):
            await corrected(desk, issue)
    async with desk.store.read() as connection:
        half = await corrections.of_issue(connection, issue.id)
    assert half is not None
    carrier = await desk.issue(half.sent_as)
    assert (carrier.audience, await names_of(desk, carrier)) == (1, ["ann"])

    await corrector(desk, second_store).finish()
    await corrector(desk).finish()

    carrier = await desk.issue(half.sent_as)
    assert (carrier.audience, await names_of(desk, carrier)) == (3, ["ann", "bob", "cem"])
    assert (await desk.balance(carrier)).holds


async def test_who_moves_it_second_gives_way(desk: Desk) -> None:
    issue = await sent(desk, "ann")
    carrier = await corrected(desk, issue)
    begun = Correction(issue=issue.id, sent_as=carrier.id, note=NOTE, created=desk.clock())

    async with desk.store.write() as connection:
        moved = await corrections.move_on(connection, begun, come_from=0, go_to=9, added=1)

    assert not moved


async def test_issue_and_correction_are_retried_apart_and_the_next_issue_is_as_ever(
    desk: Desk,
) -> None:
    issue = await sent(desk, "ann")
    carrier = await corrected(desk, issue)
    claims = await desk.claim()
    await desk.mark(claims)
    await desk.settle(claims, DeliveryState.FAILED)

    async with desk.store.write() as connection:
        again = [
            await accounts.retry(connection, each.id, failed=True, in_doubt=False, now=desk.clock())
            for each in (issue, carrier)
        ]

    assert again == [0, 1]
    await desk.deliver_all()
    await desk.bring("next")
    following = await desk.issue_now()
    assert (following.number, await desk.told_to(following)) == (2, {"ann": ["next"]})
    assert await desk.repeats() == []
    async with desk.store.read() as connection:
        assert [each.id for each in await issues.out(connection, "digest", limit=9)] == [
            following.id,
            issue.id,
        ]


async def test_stopped_correction_reaches_nobody_more(desk: Desk) -> None:
    issue = await sent(desk, "ann", "bob")
    carrier = await corrected(desk, issue)

    assert await desk.stop(carrier) == 2

    assert await desk.claim() == []
    assert (await desk.issue(carrier.id)).state is IssueState.STOPPED
    await desk.bring("next")
    assert await names_of(desk, await desk.issue_now()) == ["ann", "bob"]
    async with desk.store.read() as connection:
        assert await renditions.largest(connection, carrier.id) is None
