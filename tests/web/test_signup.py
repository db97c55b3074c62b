"""Forms by which people sign up: whoever fills one in learns nothing, and can do little harm."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from publisher import signup
from publisher.config.site import SignUps
from publisher.model import Lane, SubscriptionState
from publisher.store import consents, signups
from publisher.store.tables import deliveries, notices, sign_up_limits, sign_ups, subscriptions
from publisher.tokens import Purpose
from publisher.web import keeping
from publisher.web.site import Site
from tests.rig.desk import Desk
from tests.rig.program import until
from tests.web.conftest import Serving

PATH = "/newsletters/digest"
Posting = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def site(site: Site) -> Site:
    """Behind a proxy, so that a test can come from anywhere."""
    return replace(site, serving=replace(site.serving, trusted_proxies=("127.0.0.1",)))


def posting(desk: Desk, client: httpx.AsyncClient, *, is_looked_at: bool = True) -> Posting:
    async def post(
        email: str = "ana@example.org", host: str = "", path: str = PATH, **fields: str
    ) -> httpx.Response:
        if "stamp" not in fields:
            fields["stamp"] = await stamp_of(client)
            desk.clock.advance(seconds=3)
        headers = {"X-Forwarded-For": host} if host else {}
        form = {"email": email, **fields}
        form = {name: value for name, value in form.items() if value}
        response = await client.post(path, data=form, headers=headers)
        if is_looked_at:
            await until(looked_at)
        return response

    async def looked_at() -> bool:
        async with desk.store.read() as connection:
            return (await connection.execute(select(sign_ups))).first() is None

    return post


@pytest.fixture
def post(desk: Desk, client: httpx.AsyncClient) -> Posting:
    """Fill in the form of the page as a person does, and post it; ``stamp=""`` is another form."""
    return posting(desk, client)


async def stamp_of(client: httpx.AsyncClient) -> str:
    found = re.search('name="stamp" value="([^"]+)"', (await client.get(PATH)).text)
    assert found
    return found[1]


async def mails(desk: Desk) -> list[Lane]:
    async with desk.store.read() as connection:
        rows = await connection.scalars(select(deliveries.c.lane).order_by(deliveries.c.id))
        return [Lane(row) for row in rows]


async def test_form_asks_by_mail_and_keeps_what_was_chosen_and_shown(
    site: Site, desk: Desk, client: httpx.AsyncClient, post: Posting
) -> None:
    response = await post(cadence="weekly", name="Ana Lima")

    assert (response.status_code, "Please look into your mailbox" in response.text) == (200, True)
    assert "Set-Cookie" not in response.headers
    bond = await desk.bond("ana")
    assert (bond.state, bond.cadence) == (SubscriptionState.PENDING, "weekly")
    assert bond.address.name == "Ana Lima"
    assert await mails(desk) == [Lane.CONFIRMATION]
    assert {name: bond.consent[name] for name in ("form", "language")} == {
        "form": "page",
        "language": "en",
    }
    assert "ip" not in bond.consent
    async with desk.store.read() as connection:
        known = await consents.worded(connection, [bond.consent["wording"]])
        assert list(await connection.execute(select(sign_ups))) == []
    (wording,) = known.values()
    assert wording.startswith("We send you ")
    assert wording in (await client.get(PATH)).text


async def test_confirming_keeps_what_was_shown_there(
    site: Site, desk: Desk, serving: Serving
) -> None:
    client = await serving(replace(site, sign_ups=SignUps(record_ip=True)))
    await posting(desk, client)(host="198.51.100.7")
    token = site.tokens.sign(Purpose.CONFIRM, (await desk.bond("ana")).id)

    page = (await client.get(f"/confirm/{token}")).text
    await client.post(f"/confirm/{token}", headers={"X-Forwarded-For": "198.51.100.9"})

    consent = (await desk.bond("ana")).consent
    assert (consent["ip"], consent["confirmed_ip"]) == ("198.51.100.7", "198.51.100.9")
    async with desk.store.read() as connection:
        known = await consents.worded(connection, [consent["confirmed_wording"]])
    assert next(iter(known.values())) in page


async def test_answer_is_the_same_whoever_the_address_belongs_to(
    desk: Desk, client: httpx.AsyncClient, post: Posting
) -> None:
    """A13: only the mail tells; all of them take the same statements before the answer."""
    await desk.join("pending", confirmed=False)
    await desk.join("active")
    await desk.join("left")
    await desk.leave("left")
    await desk.join("blocked")
    await desk.suppress("blocked")
    before = len(await mails(desk))
    answers = {}

    for name in ("new", "pending", "active", "left", "blocked"):
        response = await post(f"{name}@example.org")
        fields = {key: value for key, value in response.headers.items() if key != "date"}
        fields.pop("content-length")
        answers[name] = (response.status_code, response.text.replace(f"{name}@", "…@"), fields)

    assert set(map(str, answers.values())) == {str(answers["new"])}
    asked = Lane.CONFIRMATION
    assert (await mails(desk))[before:] == [asked, Lane.REMINDER, asked, Lane.REMINDER]
    claimed = [claim.address.mailbox for claim in await desk.claim()]
    assert "active@example.org" in claimed
    assert "blocked@example.org" not in claimed


async def test_who_is_subscribed_is_told_so_once_a_day(desk: Desk, post: Posting) -> None:
    await desk.join("ana")
    before = await desk.bond("ana")

    for _ in range(3):
        await post()
    assert await mails(desk) == [Lane.REMINDER]
    assert await desk.bond("ana") == before
    desk.clock.advance(days=1)
    await post()

    assert await mails(desk) == [Lane.REMINDER] * 2


async def test_reminders_do_not_count_as_confirmations(desk: Desk, post: Posting) -> None:
    await desk.join("ana")
    for _ in range(3):
        desk.clock.advance(days=1)
        await post()
    await desk.leave("ana")
    desk.clock.advance(days=1)

    await post()

    assert (await mails(desk))[-1] is Lane.CONFIRMATION


async def test_nobody_who_is_known_is_given_a_name(desk: Desk, post: Posting) -> None:
    """A12: names are printed in mails, and anybody can type one."""
    await desk.join("ana")

    await post(name="Cheap watches")

    assert (await desk.bond("ana")).address.name == ""


@pytest.mark.parametrize("name", ["see www.example.com", "http://x.example", "x" * 61])
async def test_advertisements_are_no_names(desk: Desk, post: Posting, name: str) -> None:
    await post(name=name)

    assert (await desk.bond("ana")).address.name == ""


async def test_trap_is_answered_as_always_and_nothing_is_done(desk: Desk, post: Posting) -> None:
    good = await post("ben@example.org")

    response = await post(subject="Great site")

    assert response.text == good.text.replace("ben", "ana")
    assert await mails(desk) == [Lane.CONFIRMATION]


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("", "No mail can be sent"),
        ("ana", "No mail can be sent"),
        ("ana@example.org\r\nBcc: ben@example.org", "No mail can be sent"),
    ],
)
async def test_faulty_address_is_asked_for_again(
    desk: Desk, post: Posting, email: str, words: str
) -> None:
    response = await post(email, cadence="weekly", name="Ana")

    assert (response.status_code, words in response.text) == (422, True)
    assert 'value="weekly" checked' in response.text
    assert 'value="Ana"' in response.text
    assert await mails(desk) == []


async def test_form_that_came_too_soon_or_too_late_takes_one_more_press(
    site: Site, desk: Desk, client: httpx.AsyncClient, post: Posting
) -> None:
    at_once = await stamp_of(client)
    responses = [await post(stamp=at_once), await post(stamp="forged")]
    desk.clock.advance(hours=13)
    responses.append(await post(stamp=at_once))

    for response in responses:
        assert (response.status_code, "once more" in response.text) == (422, True)
        assert 'value="ana@example.org"' in response.text
    assert await mails(desk) == []
    fresh = re.search('name="stamp" value="([^"]+)"', responses[-1].text)
    desk.clock.advance(seconds=3)
    assert fresh
    assert (await post(stamp=fresh[1])).status_code == 200
    assert await mails(desk) == [Lane.CONFIRMATION]


async def test_form_on_any_page_needs_nothing_but_an_address(desk: Desk, post: Posting) -> None:
    response = await post(stamp="")

    assert response.status_code == 200
    bond = await desk.bond("ana")
    assert (bond.cadence, bond.consent["form"]) == ("daily", "embed")


async def test_only_the_form_for_frames_may_stand_in_one(
    desk: Desk, client: httpx.AsyncClient, post: Posting
) -> None:
    nowhere = [await client.get(PATH), await post(), await client.get(f"{PATH}/embed")]
    everywhere = [await client.get(f"{PATH}/form"), await post(path=f"{PATH}/form")]

    assert all(
        "frame-ancestors *" in each.headers["Content-Security-Policy"] for each in everywhere
    )
    assert all(
        "frame-ancestors 'none'" in each.headers["Content-Security-Policy"] for each in nowhere
    )
    assert (await desk.bond("ana")).consent["form"] == "embed"


async def test_form_for_frames_is_in_the_language_that_its_address_asks_for(
    site: Site, desk: Desk, serving: Serving
) -> None:
    newsletter = replace(desk.newsletter, languages=("de",))
    client = await serving(replace(site, newsletters=(newsletter,)))

    for asked, language in (("de", "de"), ("fr", "en"), ("", "en")):
        page = (await client.get(f"{PATH}/form", params={"language": asked})).text
        assert f'<html lang="{language}"' in page
        assert f'value="{language}" checked' in page


async def test_embed_page_shows_both_forms(site: Site, client: httpx.AsyncClient) -> None:
    page = (await client.get(f"{PATH}/embed")).text

    base = site.publication.base_url
    assert f"&lt;form action=&#34;{base}{PATH}&#34; method=&#34;post&#34;&gt;" in page
    assert f"&lt;iframe src=&#34;{base}{PATH}/form&#34;" in page


async def test_newsletter_that_is_not_public_takes_nobody(
    site: Site, desk: Desk, serving: Serving
) -> None:
    client = await serving(replace(site, newsletters=(replace(desk.newsletter, is_public=False),)))

    assert "<form" not in (await client.get(PATH)).text
    for path in (PATH, f"{PATH}/form"):
        assert (await client.post(path, data={"email": "ana@example.org"})).status_code == 404
    assert (await client.get(f"{PATH}/embed")).status_code == 404
    assert await mails(desk) == []


LIMITS = SignUps(
    per_network=(3, 3600), per_address=(2, 86400), per_domain=(5, 3600), total=(6, 3600)
)


async def test_network_is_limited_and_forms_elsewhere_count_more(
    site: Site, desk: Desk, serving: Serving
) -> None:
    client = await serving(replace(site, sign_ups=LIMITS))
    post = posting(desk, client)

    by_page = [(await post(f"a{n}@example.org", f"198.51.100.{n}")).status_code for n in range(4)]
    elsewhere = [
        (await post(f"b{n}@other.example", "2001:db8::1" if n else "8.8.8.8", stamp=""))
        for n in range(1)
    ]
    again = await post("c@other.example", "8.8.8.9", stamp="")

    assert by_page == [200, 200, 200, 200]  # documentation addresses are nobody's network
    assert [each.status_code for each in elsewhere] == [200]
    assert (again.status_code, again.headers["Retry-After"]) == (429, "3600")
    desk.clock.advance(hours=1)
    assert (await post("c@other.example", "8.8.8.9", stamp="")).status_code == 200


async def test_networks_of_both_kinds_are_told_apart(
    site: Site, desk: Desk, serving: Serving
) -> None:
    post = posting(desk, await serving(replace(site, sign_ups=LIMITS)))
    hosts = ["8.8.8.8", "8.8.9.8", "2a00:1450:4001::1", "2a00:1450:4001:1::1", "::ffff:8.8.8.9"]

    found = [
        (await post(f"a{n}@a{n}.example", host, stamp="")).status_code
        for n, host in enumerate(hosts)
    ]

    assert found == [200, 200, 200, 200, 429]


async def test_address_is_looked_at_so_often_and_the_answer_stays_the_same(
    site: Site, desk: Desk, serving: Serving
) -> None:
    post = posting(desk, await serving(replace(site, sign_ups=LIMITS)))

    texts = {(await post(cadence=each)).text for each in ("daily", "weekly", "instant")}

    assert len(texts) == 1
    assert (await desk.bond("ana")).cadence == "weekly"


async def test_domain_and_all_are_limited_and_the_admin_is_told_once_a_day(
    site: Site, desk: Desk, serving: Serving
) -> None:
    post = posting(desk, await serving(replace(site, sign_ups=LIMITS)))

    of_domain = [(await post(f"a{n}@example.org")).status_code for n in range(6)]
    of_all = [(await post(f"a@a{n}.example")).status_code for n in range(3)]

    assert of_domain == [200] * 5 + [503]
    assert of_all == [200, 503, 503]
    async with desk.store.read() as connection:
        (subject,) = await connection.scalars(select(notices.c.subject))
    assert subject == "sign-ups are refused: there are too many"


async def test_what_limits_keep_names_nobody_and_goes(
    site: Site, desk: Desk, post: Posting
) -> None:
    await post(host="8.8.8.8")

    async with desk.store.write() as connection:
        kept = list(await connection.scalars(select(sign_up_limits.c.key)))
        await signups.forget_limits(connection, desk.clock() + timedelta(days=1))
        left = list(await connection.scalars(select(sign_up_limits.c.key)))
    assert [len(kept), len(left)] == [4, 0]
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in kept)


async def test_sign_up_outlives_the_process_that_took_it_in(
    site: Site, desk: Desk, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object) -> None:
        pass

    monkeypatch.setattr(keeping, "_look_at", die)
    assert (await posting(desk, client, is_looked_at=False)()).status_code == 200
    assert await mails(desk) == []

    for minutes, expected in ((0, []), (1, [Lane.CONFIRMATION]), (1, [Lane.CONFIRMATION])):
        desk.clock.advance(minutes=minutes)
        await signup.look_at_rest(
            desk.store,
            newsletters=site.newsletters,
            publication=site.publication,
            templates=site.templates,
            clock=desk.clock,
        )
        assert await mails(desk) == expected


async def test_link_confirms_for_a_week(
    site: Site, desk: Desk, client: httpx.AsyncClient, post: Posting
) -> None:
    await post()
    path = f"/confirm/{site.tokens.sign(Purpose.CONFIRM, (await desk.bond('ana')).id)}"
    desk.clock.advance(days=7)

    for method in ("GET", "POST"):
        response = await client.request(method, path)
        assert (response.status_code, "This link has ended" in response.text) == (410, True)
        assert f'href="{PATH}"' in response.text
    assert (await desk.bond("ana")).state is SubscriptionState.PENDING
    await post()
    assert (await client.post(path)).status_code == 200
    desk.clock.advance(days=30)
    assert (await client.get(path)).status_code == 200  # confirmed: harmless for ever


async def test_who_comes_back_keeps_the_consent_of_before(
    site: Site, desk: Desk, client: httpx.AsyncClient, post: Posting
) -> None:
    await post(cadence="daily")
    bond = await desk.bond("ana")
    path = f"/confirm/{site.tokens.sign(Purpose.CONFIRM, bond.id)}"
    await client.post(path)
    first = await desk.bond("ana")
    await desk.leave("ana")
    desk.clock.advance(days=2)

    await post(stamp="")

    assert (await desk.bond("ana")).consent["form"] == "embed"
    async with desk.store.write() as connection:
        (kept,) = await consents.former(connection, bond.id)
        await connection.execute(subscriptions.delete())  # an erasure takes it along
        assert await consents.former(connection, bond.id) == []
    assert (kept.consent, kept.confirmed) == (first.consent, first.confirmed)
