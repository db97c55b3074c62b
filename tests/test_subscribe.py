from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, func, select

from publisher import subscribe as verbs
from publisher.errors import TemplateError, TokenError
from publisher.mail import address as addresses
from publisher.mail.slots import Slot, marker
from publisher.model import Address, Issue, Lane, SubscriptionState, Wishes
from publisher.render import Templates
from publisher.store import keys, renditions, suppressions
from publisher.store.consents import hash_of
from publisher.store.tables import deliveries, subscribers, subscriptions
from publisher.subscribe import Subscribed
from publisher.tokens import Purpose, Tokens
from tests.rig import builders
from tests.rig.desk import Desk


@pytest.fixture
async def tokens(desk: Desk) -> Tokens:
    async with desk.store.read() as connection:
        ring = await keys.load(connection)
    return Tokens(ring, max(ring))


async def count(desk: Desk, table: Table) -> int:
    async with desk.store.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


async def confirm(desk: Desk, tokens: Tokens, name: str) -> SubscriptionState:
    token = tokens.sign(Purpose.CONFIRM, (await desk.bond(name)).id)
    return (
        await verbs.confirm(
            desk.store,
            tokens,
            token,
            consent={"confirmed_from": "192.0.2.1"},
            wording="I agree",
            clock=desk.clock,
        )
    ).state


async def unsubscribe(desk: Desk, tokens: Tokens, name: str) -> SubscriptionState:
    token = tokens.sign(Purpose.UNSUBSCRIBE, (await desk.bond(name)).id)
    (left,) = await verbs.unsubscribe(desk.store, tokens, token, clock=desk.clock)
    return left.state


# --- coming


async def test_sign_up_waits_for_the_persons_own_confirmation(desk: Desk) -> None:
    outcome = await desk.ask("ann", confirmed=False)

    bond = await desk.bond("ann")
    assert outcome is Subscribed.ASKED
    assert (bond.state, bond.confirmed) == (SubscriptionState.PENDING, None)
    (claim,) = await desk.claim()
    assert (claim.lane, claim.issue, claim.subscription) == (Lane.CONFIRMATION, None, bond.id)


@pytest.mark.parametrize(("wanted", "written"), [("de", "de"), ("", "en"), ("fr", "en")])
async def test_confirmation_is_asked_for_in_the_language_that_was_chosen(
    desk: Desk, wanted: str, written: str
) -> None:
    newsletter = replace(desk.newsletter, languages=("de",))
    await verbs.subscribe(
        desk.store,
        newsletter,
        addresses.parse("ann@example.org"),
        wishes=Wishes(cadence="daily", language=wanted),
        confirmed=False,
        consent={},
        publication=desk.publication,
        templates=desk.templates,
        clock=desk.clock,
    )
    (claim,) = await desk.claim()

    async with desk.store.read() as connection:
        rendition = await renditions.get(connection, claim.rendition)

    assert rendition.language == written
    assert f'<html lang="{written}"' in rendition.html
    assert rendition.subject.startswith({"en": "Please confirm", "de": "Bitte bestätigen"}[written])


async def test_confirmation_mail_holds_the_link_and_nothing_typed(desk: Desk) -> None:
    """A12: whoever typed the name may be using us to mail a stranger."""
    await verbs.subscribe(
        desk.store,
        desk.newsletter,
        addresses.parse("ann@example.org", name="Buy at evil.example"),
        wishes=Wishes(cadence="daily"),
        confirmed=False,
        consent={},
        publication=desk.publication,
        templates=desk.templates,
        clock=desk.clock,
    )
    (claim,) = await desk.claim()

    async with desk.store.read() as connection:
        rendition = await renditions.get(connection, claim.rendition)

    assert marker(Slot.CONFIRM_URL) in rendition.html
    assert marker(Slot.CONFIRM_URL) in rendition.text
    assert "evil" not in rendition.html + rendition.text + rendition.subject


async def test_confirming_makes_active_and_keeps_both_records(desk: Desk, tokens: Tokens) -> None:
    await desk.ask("ann", confirmed=False)
    desk.clock.advance(minutes=3)

    state = await confirm(desk, tokens, "ann")

    bond = await desk.bond("ann")
    assert state is SubscriptionState.ACTIVE
    assert bond.confirmed == desk.clock()
    assert bond.consent == {
        "by": "test",
        "confirmed_from": "192.0.2.1",
        "confirmed_wording": hash_of("I agree"),
    }


async def test_confirming_again_changes_nothing(desk: Desk, tokens: Tokens) -> None:
    await desk.ask("ann", confirmed=False)
    await confirm(desk, tokens, "ann")
    before = await desk.bond("ann")
    desk.clock.advance(days=1)

    state = await confirm(desk, tokens, "ann")

    assert state is SubscriptionState.ACTIVE
    assert await desk.bond("ann") == before


async def test_vouched_for_is_active_at_once_without_a_mail(desk: Desk) -> None:
    outcome = await desk.ask("ann", confirmed=True)

    assert outcome is Subscribed.ACTIVE
    assert (await desk.bond("ann")).confirmed == desk.clock()
    assert await desk.claim() == []


async def test_vouching_for_one_who_waits_takes_the_cadence_vouched_for(desk: Desk) -> None:
    await desk.ask("ann", "daily", confirmed=False)

    outcome = await desk.ask("ann", "weekly", confirmed=True)

    bond = await desk.bond("ann")
    assert outcome is Subscribed.ACTIVE
    assert (bond.state, bond.cadence) == (SubscriptionState.ACTIVE, "weekly")


async def test_signing_up_again_while_active_changes_nothing(desk: Desk) -> None:
    await desk.ask("ann", "daily", confirmed=True)

    outcome = await desk.ask("ann", "weekly", confirmed=False)

    assert outcome is Subscribed.ALREADY
    assert (await desk.bond("ann")).cadence == "daily"
    assert await desk.claim() == []


async def test_one_who_waits_may_choose_anew(desk: Desk) -> None:
    await desk.ask("ann", "daily", confirmed=False)

    await desk.ask("ann", "weekly", confirmed=False)

    assert (await desk.bond("ann")).cadence == "weekly"


async def test_template_that_fails_signs_nobody_up(desk: Desk, tmp_path: Path) -> None:
    broken = tmp_path / "email" / "confirm.html"
    broken.parent.mkdir()
    broken.write_text("{{ newsletter.titel }}", encoding="utf-8")

    desk.templates = Templates(tmp_path)
    with pytest.raises(TemplateError, match=r"email/confirm\.html.*titel"):
        await desk.ask("ann", confirmed=False)

    assert await count(desk, subscribers) == 0


async def test_many_sign_ups_of_one_address_at_once_make_one_row(desk: Desk) -> None:
    spellings = ["ann@example.org", "Ann@Example.ORG", "ANN@example.org"] * 4

    async def sign_up(text: str) -> Subscribed:
        return await verbs.subscribe(
            desk.store,
            desk.newsletter,
            addresses.parse(text),
            wishes=Wishes(cadence="daily"),
            confirmed=False,
            consent={},
            publication=desk.publication,
            templates=desk.templates,
            clock=desk.clock,
        )

    outcomes = await asyncio.gather(*map(sign_up, spellings))

    assert set(outcomes) == {Subscribed.ASKED}
    rows = [await count(desk, table) for table in (subscribers, subscriptions, deliveries)]
    assert rows == [1, 1, 1]


async def test_stranger_cannot_be_bombed_with_confirmations(desk: Desk) -> None:
    """A11: one a day, and three in all until the person confirms."""
    for _ in range(40):
        await desk.ask("ann", confirmed=False)
        desk.clock.advance(hours=6)

    assert await count(desk, deliveries) == 3


# --- who is never mailed


async def test_nobody_vouches_for_who_is_suppressed(desk: Desk) -> None:
    await desk.suppress("ann")
    await desk.suppress("@example.com")
    await desk.suppress("cem", newsletter="other")

    became = [await desk.ask(name, confirmed=True) for name in ("ann", "bob@example.com", "cem")]

    assert became == [Subscribed.SUPPRESSED, Subscribed.SUPPRESSED, Subscribed.ACTIVE]
    assert await count(desk, subscribers) == 1


async def erase(desk: Desk, name: str) -> None:
    async with desk.store.write() as connection:
        await suppressions.forget(connection, f"{name}@example.org", desk.clock())


@pytest.mark.parametrize(
    ("before", "is_asked"), [(None, True), ("hard_bounce", False), ("complaint", False)]
)
async def test_who_was_erased_may_come_back_unless_there_was_more(
    desk: Desk, before: str | None, is_asked: bool
) -> None:
    if before is not None:
        await desk.suppress("ann", before)
    await erase(desk, "ann")

    vouched, own = [await desk.ask("ann", confirmed=each) for each in (True, False)]

    assert (vouched, own) == (Subscribed.SUPPRESSED, Subscribed.ASKED)
    assert [each.address.mailbox for each in await desk.claim()] == ["ann@example.org"] * is_asked


@pytest.mark.parametrize(
    ("reason", "is_lifted"),
    [("erased", True), ("complaint", True), ("manual", False), ("hard_bounce", False)],
)
async def test_ones_own_confirmation_lifts_what_was_ones_own_wish(
    desk: Desk, tokens: Tokens, reason: str, is_lifted: bool
) -> None:
    await desk.ask("ann", confirmed=False)
    await desk.suppress("ann", reason)

    await confirm(desk, tokens, "ann")

    assert len(await desk.told_to(await an_issue(desk))) == is_lifted


async def an_issue(desk: Desk) -> Issue:
    await desk.bring("one")
    return await desk.issue_now()


# --- going


async def test_unsubscribing_ends_and_may_be_repeated(desk: Desk, tokens: Tokens) -> None:
    await desk.join("ann")
    first = await unsubscribe(desk, tokens, "ann")
    ended = (await desk.bond("ann")).ended
    desk.clock.advance(days=1)

    second = await unsubscribe(desk, tokens, "ann")

    assert (first, second) == (SubscriptionState.ENDED, SubscriptionState.ENDED)
    assert (await desk.bond("ann")).ended == ended == desk.clock() - timedelta(days=1)


async def test_one_who_waits_may_decline(desk: Desk, tokens: Tokens) -> None:
    await desk.ask("ann", confirmed=False)

    await unsubscribe(desk, tokens, "ann")

    assert await desk.claim() == []


async def test_vouching_does_not_bring_back_who_left(desk: Desk, tokens: Tokens) -> None:
    """Imports that revive the unsubscribed are how lists are reported as spam."""
    await desk.join("ann")
    await unsubscribe(desk, tokens, "ann")

    outcome = await desk.ask("ann", confirmed=True)

    assert outcome is Subscribed.ENDED
    assert (await desk.bond("ann")).state is SubscriptionState.ENDED


async def test_who_left_is_asked_again_when_they_wish(desk: Desk, tokens: Tokens) -> None:
    await desk.join("ann")
    await unsubscribe(desk, tokens, "ann")

    outcome = await desk.ask("ann", "weekly", confirmed=False)

    bond = await desk.bond("ann")
    assert outcome is Subscribed.ASKED
    assert (bond.state, bond.cadence, bond.ended) == (SubscriptionState.PENDING, "weekly", None)
    assert len(await desk.claim()) == 1
    assert await confirm(desk, tokens, "ann") is SubscriptionState.ACTIVE


async def test_old_confirmation_link_does_not_bring_back_who_left(
    desk: Desk, tokens: Tokens
) -> None:
    await desk.ask("ann", confirmed=False)
    await confirm(desk, tokens, "ann")
    await unsubscribe(desk, tokens, "ann")

    assert await confirm(desk, tokens, "ann") is SubscriptionState.ENDED


# --- tokens


async def test_token_of_one_newsletter_does_nothing_to_another(desk: Desk, tokens: Tokens) -> None:
    """A34."""
    await desk.join("ann")
    desk.newsletter = builders.newsletter(slug="other")
    await desk.join("ann")

    await unsubscribe(desk, tokens, "ann")

    other = (await desk.bond("ann")).state
    desk.newsletter = builders.newsletter()
    assert (other, (await desk.bond("ann")).state) == (
        SubscriptionState.ENDED,
        SubscriptionState.ACTIVE,
    )


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda tokens, id: tokens.sign(Purpose.PREFERENCES, id), id="purpose"),
        pytest.param(lambda tokens, id: tokens.sign(Purpose.UNSUBSCRIBE, id + 1), id="gone"),
        pytest.param(lambda tokens, id: "x" + tokens.sign(Purpose.UNSUBSCRIBE, id), id="forged"),
        pytest.param(lambda _tokens, _id: "", id="empty"),
    ],
)
async def test_token_that_is_not_for_this_does_nothing(
    desk: Desk, tokens: Tokens, token: Callable[[Tokens, int], str]
) -> None:
    id = await desk.join("ann")

    with pytest.raises(TokenError):
        await verbs.unsubscribe(desk.store, tokens, token(tokens, id), clock=desk.clock)

    assert (await desk.bond("ann")).state is SubscriptionState.ACTIVE


async def test_looking_at_a_token_changes_nothing(desk: Desk, tokens: Tokens) -> None:
    """A10: scanners follow every link."""
    id = await desk.join("ann")
    before = await desk.bond("ann")

    holder = await verbs.holder(
        desk.store, tokens, Purpose.UNSUBSCRIBE, tokens.sign(Purpose.UNSUBSCRIBE, id)
    )

    assert holder == before == await desk.bond("ann")


async def test_cadence_is_changed_by_token(desk: Desk, tokens: Tokens) -> None:
    id = await desk.join("ann", "daily")

    changed = await verbs.choose(
        desk.store,
        tokens,
        tokens.sign(Purpose.PREFERENCES, id),
        Wishes(cadence="weekly"),
        clock=desk.clock,
    )

    assert changed.cadence == "weekly"


async def test_name_given_later_replaces_none_but_no_other(desk: Desk) -> None:
    names = []
    for name in ("", "Ann Lee", "Somebody Else"):
        await verbs.subscribe(
            desk.store,
            desk.newsletter,
            Address(mailbox="ann@example.org", name=name),
            wishes=Wishes(cadence="daily"),
            confirmed=True,
            consent={},
            publication=desk.publication,
            templates=desk.templates,
            clock=desk.clock,
        )
        names.append((await desk.bond("ann")).address.name)

    assert names == ["", "Ann Lee", "Ann Lee"]
