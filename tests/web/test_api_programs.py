"""What programs do over the API: people, issues, events and webhooks, over the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from publisher.config import Webhook
from publisher.model import BounceKind, DeliveryState, IssueState, Scope, Verdict
from publisher.store import addressees, bounces, webhooks
from publisher.web.site import Site
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.web.conftest import Serving
from tests.web.test_api_rights import bearer, token_for

API = "/api/v1"
ANN = f"{API}/subscribers/Ann%2Bnews%40example.org"


@pytest.fixture
def site(site: Site, desk: Desk) -> Site:
    """A site with topics, a second language, an hour of one's own, and a webhook."""
    from publisher.model import Selection, Topic

    daily, *others = desk.newsletter.cadences
    desk.newsletter = replace(
        desk.newsletter,
        cadences=(replace(daily, own_time=True), *others),
        topics=(Topic(slug="sea", title="Sea", select=Selection()),),
        languages=("de",),
    )
    hook = Webhook(name="crm", url="https://crm.example.org/", key=b"k" * 32)
    return replace(site, newsletters=(desk.newsletter,), webhooks=(hook,))


@pytest.fixture
async def client(site: Site, serving: Serving) -> httpx.AsyncClient:
    """A client that may do everything."""
    client = await serving(site)
    client.headers.update(bearer(await token_for(site, *Scope)))
    return client


async def body(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


async def add(client: httpx.AsyncClient, address: str = "Ann+news@example.org", **more: Any) -> Any:
    wanted = {"address": address, "newsletter": "digest", **more}
    return await body(await client.post(f"{API}/subscribers", json=wanted))


async def faults(answer: httpx.Response) -> dict[str, str]:
    found = await body(answer, 422)
    return {fault["pointer"]: fault["detail"] for fault in found["errors"]}


# --- people


async def test_life_of_a_subscription(client: httpx.AsyncClient, clock: SettableClock) -> None:
    asked = await add(client, name="Ann Lee", topics=["sea"])
    pending = await client.patch(f"{ANN}/subscriptions/digest", json={"cadence": "weekly"})
    vouched = await add(client, confirmed=True, consent="at the fair, on paper")
    wishes = {"topics": [], "language": "de", "hour": 6, "zone": "Asia/Tokyo"}
    changed = await body(await client.patch(f"{ANN}/subscriptions/digest", json=wishes))
    paused = {"hour": None, "zone": None, "paused_until": "2026-12-24T08:00:00+09:00"}
    again = await body(await client.patch(f"{ANN}/subscriptions/digest", json=paused))
    ended = await client.delete(f"{ANN}/subscriptions/digest")
    gone = await client.delete(f"{ANN}/subscriptions/digest")
    shown = await body(await client.get(ANN))
    back = await client.post(
        f"{API}/subscribers",
        json={"address": "ann+NEWS@example.org", "newsletter": "digest", "confirmed": True},
    )

    assert (asked, vouched) == ({"became": "asked"}, {"became": "active"})
    assert pending.status_code == 409
    assert (changed["language"], changed["hour"], changed["zone"]) == ("de", 6, "Asia/Tokyo")
    assert (changed["state"], changed["topics"], changed["cadence"]) == ("active", [], "daily")
    assert (again["hour"], again["zone"], again["language"]) == (None, None, "de")
    assert again["paused_until"] == "2026-12-23T23:00:00Z"
    assert (ended.status_code, gone.status_code) == (204, 204)
    assert shown["address"] == "ann+news@example.org"
    (only,) = shown["subscriptions"]
    assert (only["state"], only["name"]) == ("ended", "Ann Lee")
    assert only["consent"]["added_by"] == "api"
    assert only["consent"]["said"] == "at the fair, on paper"
    assert only["ended"] == "2026-11-23T06:00:00Z"
    assert back.status_code == 409


async def test_list_of_subscriptions_has_pages(client: httpx.AsyncClient) -> None:
    for name in ("ann", "bob", "cy"):
        await add(client, f"{name}@example.org", confirmed=name != "bob")

    first = await body(await client.get(f"{API}/subscribers", params={"limit": 2}))
    rest = await body(await client.get(f"{API}/subscribers", params={"after": first["next"]}))
    active = await body(
        await client.get(f"{API}/subscribers", params={"state": "active", "newsletter": "digest"})
    )

    assert [each["address"][:3] for each in first["items"]] == ["ann", "bob"]
    assert [each["address"][:3] for each in rest["items"]] == ["cy@"]
    assert rest["next"] is None
    assert [each["address"][:3] for each in active["items"]] == ["ann", "cy@"]


async def test_what_is_not_on_offer_is_told_at_once(client: httpx.AsyncClient) -> None:
    await add(client, confirmed=True)
    wrong = {"cadence": "hourly", "topics": ["sea", "sky"], "language": "fr", "zone": "Mars/Base"}

    of_body = await client.post(
        f"{API}/subscribers", json={"address": 5, "newsletter": "digest", "hour": 24, "age": 7}
    )
    of_address = await client.post(
        f"{API}/subscribers", json={"address": "ann@", "newsletter": "digest"}
    )
    of_newsletter = await client.post(
        f"{API}/subscribers", json={"address": "a@example.org", "newsletter": "other"}
    )
    of_wishes = await client.patch(f"{ANN}/subscriptions/digest", json=wrong)
    weekly = await client.patch(
        f"{ANN}/subscriptions/digest", json={"cadence": "weekly", "hour": 6}
    )

    assert (await faults(of_body)).keys() == {"#/address", "#/hour", "#/age"}
    assert (await faults(of_address)).keys() == {"#/address"}
    assert await faults(of_newsletter) == {"#/newsletter": "is no newsletter of this site"}
    assert await faults(of_wishes) == {
        "#/cadence": "must be one of: daily, weekly, instant",
        "#/topics/1": "must be one of: sea",
        "#/language": "must be one of: en, de",
        "#/zone": "is no time zone, such as Europe/Berlin",
    }
    assert await faults(weekly) == {"#/hour": "comes at one time for everybody"}


async def test_only_who_may_vouch_confirms(site: Site, client: httpx.AsyncClient) -> None:
    client.headers.update(bearer(await token_for(site, Scope.SUBSCRIBERS_WRITE)))
    wanted = {"address": "ann@example.org", "newsletter": "digest", "confirmed": True}

    refused = await client.post(f"{API}/subscribers", json=wanted)
    asked = await client.post(f"{API}/subscribers", json=wanted | {"confirmed": False})

    assert refused.status_code == 403
    assert "subscribers:confirm" in refused.json()["detail"]
    assert asked.json() == {"became": "asked"}


async def test_request_with_a_key_is_obeyed_once(client: httpx.AsyncClient, desk: Desk) -> None:
    wanted = {"address": "ann@example.org", "newsletter": "digest", "confirmed": True}
    key = {"Idempotency-Key": "joining-1"}

    first = await client.post(f"{API}/subscribers", json=wanted, headers=key)
    again = await client.post(f"{API}/subscribers", json=wanted, headers=key)
    other = await client.post(f"{API}/issues/1/pause", headers=key)

    assert (first.json(), again.json()) == ({"became": "active"}, {"became": "active"})
    assert other.status_code == 422


MISTAKEN = [
    ("/subscribers?limit=0", "limit"),
    ("/subscribers?limit=1001", "limit"),
    ("/subscribers?after=x", "after"),
    ("/subscribers?state=gone", "state"),
    ("/subscribers?limt=5", "limt is no field of this API"),
    ("/subscribers?limit=5&limit=6", "limit"),
    ("/issues?before=99999999999999999999", "before"),
    ("/issues?state=open&state=lost", "state"),
    ("/events?kind=subscription", "kind"),
    ("/events?after=1&since=2020-01-01", "not both"),
    ("/events?since=soon", "since is no time"),
    ("/events?after=-1", "after"),
    ("/newsletters?x=1", "x is no field"),
]


async def test_parameter_that_is_not_understood_is_refused(client: httpx.AsyncClient) -> None:
    for path, detail in MISTAKEN:
        answer = await client.get(API + path)

        assert detail in (await body(answer, 400))["detail"], path


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{", "application/json", 400),
        (b'{"address": "a@b.example", "address": "c@d.example"}', "application/json", 400),
        (b'"' + b"x" * 64 * 1024 + b'"', "application/json", 413),
        (b"[]", "application/json", 422),
    ],
)
async def test_body_that_is_none_is_refused(
    client: httpx.AsyncClient, content: bytes, content_type: str, status: int
) -> None:
    answer = await client.post(
        f"{API}/subscribers", content=content, headers={"Content-Type": content_type}
    )

    await body(answer, status)


@pytest.mark.parametrize(
    "path", ["/subscribers/ann", "/subscribers/%00", "/subscribers/x%2Fy@example.org", "/issues/0",
             "/issues/999999999999999999999", "/issues/one", "/issues/%C2%B2/recipients"]
)  # fmt: skip
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    await body(await client.get(API + path), 404)


async def test_person_moves(client: httpx.AsyncClient) -> None:
    await add(client, confirmed=True)
    await add(client, "bob@example.org", confirmed=True)

    async def move(to: str, former: str = ANN) -> httpx.Response:
        return await client.post(f"{former}/move", json={"to": to})

    wrong = await move("ann@")
    taken = await move("bob@example.org")
    moved = await move("ann@home.example")
    gone = await move("ann@home.example")
    event = (await body(await client.get(f"{API}/events?kind=subscriber.moved")))["items"][0]

    assert (await faults(wrong)).keys() == {"#/to"}
    assert [taken.status_code, moved.status_code, gone.status_code] == [409, 204, 404]
    assert event["data"]["address"] == "ann@home.example"
    assert (await client.get(f"{API}/subscribers/ann@home.example")).status_code == 200


async def test_bounces_are_listed_with_what_followed(client: httpx.AsyncClient, desk: Desk) -> None:
    about = []
    for name in ("ann", "bob"):
        await add(client, f"{name}@example.org", confirmed=True)
        async with desk.store.write() as connection:
            found = await addressees.of_address(connection, f"{name}@example.org")
            assert found is not None
            about.append(found)
            for kind in (BounceKind.SOFT, BounceKind.COMPLAINT):
                verdict = Verdict(kind=kind, digest=f"{name} {kind}", diagnostic="no\n<b>")
                await bounces.record(connection, verdict, found, "lmtp", desk.clock())

    listed = await body(await client.get(f"{API}/bounces?limit=3"))
    older = await body(await client.get(f"{API}/bounces", params={"before": listed["next"]}))
    some = await body(
        await client.get(f"{API}/bounces?kind=complaint&kind=hard&address=ANN@example.org")
    )
    nothing = await body(await client.get(f"{API}/bounces?issue=5"))
    told = (await body(await client.get(f"{API}/events?kind=complaint&kind=bounce.soft")))["items"]

    kinds = [each["kind"] for each in listed["items"] + older["items"]]
    assert kinds == ["complaint", "soft", "complaint", "soft"]
    (only,) = some["items"]
    assert (only["address"], only["via"], only["consequence"]) == (
        "ann@example.org",
        "lmtp",
        "none",
    )
    assert nothing["items"] == []
    assert [each["type"] for each in told] == ["bounce.soft", "complaint"] * 2
    await body(await client.get(f"{API}/bounces?address=ann"), 400)


async def test_person_is_exported_and_forgotten(client: httpx.AsyncClient) -> None:
    await add(client, confirmed=True)

    held = (await body(await client.get(f"{ANN}/export")))["places"]
    receipt = await body(await client.delete(ANN))
    gone = [await client.get(ANN), await client.delete(ANN)]
    left = (await body(await client.get(f"{ANN}/export")))["places"]
    (event, erased) = (await body(await client.get(f"{API}/events")))["items"]
    back = await client.post(
        f"{API}/subscribers",
        json={"address": "ann+news@example.org", "newsletter": "digest", "confirmed": True},
    )

    assert held["subscribers"][0]["mailbox"] == "Ann+news@example.org"
    assert held["subscriptions"][0]["confirmed"] == "2026-11-23T06:00:00+00:00"
    assert held["events"][0]["kind"] == "subscription.confirmed"
    assert receipt["counts"]["subscriptions"] == 1
    assert receipt["hash"]
    assert [each.status_code for each in gone] == [404, 404]
    assert [place for place, rows in left.items() if rows] == ["suppressions"]
    assert "ann" not in str(left).lower()
    assert event["data"] == {"newsletter": "digest", "subscriber": 1}
    assert erased["type"] == "subscriber.erased"
    assert erased["data"] == {"subscriber": 1}
    assert back.status_code == 409


async def test_addresses_and_domains_are_suppressed(client: httpx.AsyncClient) -> None:
    async def suppress(**wanted: Any) -> Any:
        return await body(await client.post(f"{API}/suppressions", json=wanted))

    whole = await suppress(address="@Spam.example", note="never again")
    until = "2026-12-24T00:00:00Z"
    one = await suppress(address="Ann+news@example.org", newsletter="digest", until=until)
    again = await suppress(address="ann+news@example.org", newsletter="digest")
    wrong = await client.post(
        f"{API}/suppressions", json={"address": "ann@", "newsletter": "other", "reason": "manual"}
    )
    listed = await body(await client.get(f"{API}/suppressions", params={"limit": 1}))
    rest = await body(await client.get(f"{API}/suppressions", params={"after": listed["next"]}))
    url = f"{API}/suppressions/%40spam.example"
    removed = [
        await client.delete(url, params={"newsletter": "digest"}),
        await client.delete(url),
        await client.delete(url),
        await client.delete(f"{API}/suppressions/ann"),
    ]

    assert (whole, one, again) == ({"is_new": True}, {"is_new": True}, {"is_new": True})
    assert (await faults(wrong)).keys() == {"#/address", "#/newsletter"}
    (domain,), (address,) = listed["items"], rest["items"]
    assert (domain["address"], domain["note"]) == ("@spam.example", "never again")
    assert (address["address"], address["newsletter"]) == ("ann+news@example.org", "digest")
    assert (address["reason"], address["until"]) == ("manual", None)
    assert [each.status_code for each in removed] == [404, 204, 404, 404]


# --- newsletters and issues


async def test_newsletters_say_what_may_be_chosen(client: httpx.AsyncClient) -> None:
    (newsletter,) = (await body(await client.get(f"{API}/newsletters")))["items"]

    assert newsletter["slug"] == "digest"
    assert (newsletter["languages"], newsletter["topics"]) == (["en", "de"], ["sea"])
    assert [each["name"] for each in newsletter["cadences"]] == ["daily", "weekly", "instant"]
    assert newsletter["cadences"][0]["own_time"]
    assert newsletter["cadences"][2]["cron"] is None
    assert newsletter["default_cadence"] == "daily"


async def test_issue_is_steered(client: httpx.AsyncClient, desk: Desk) -> None:
    for name in ("ann", "bob", "cy"):
        await desk.join(name, "weekly")
    await desk.bring("one")
    empty = await desk.issue_now("instant")
    issue = await desk.issue_now("weekly")
    url = f"{API}/issues/{issue.id}"

    async def verb(name: str, status: int = 200, **more: Any) -> Any:
        return await body(await client.post(f"{url}/{name}", **more), status)

    paused = await verb("pause")
    await verb("pause", 409)
    resumed = await verb("resume")
    await verb("resume", 409)
    await verb("approve", 409)
    claims = await desk.claim()
    await desk.mark(claims)
    await desk.settle(claims[:1], DeliveryState.ACCEPTED)
    await desk.settle(claims[1:2], DeliveryState.FAILED)
    shown = await body(await client.get(url))
    retried = await verb("retry", json={"only": ["failed"]})
    failed = await body(await client.get(f"{url}/recipients", params={"state": "failed"}))
    people = await body(await client.get(f"{url}/recipients", params={"limit": 2}))
    others = await body(
        await client.get(f"{url}/recipients", params={"limit": 2, "after": people["next"]})
    )
    cancelled = await verb("cancel")
    await verb("cancel", 409)
    await verb("retry", 409, json={"only": ["failed"]})
    listed = await body(await client.get(f"{API}/issues", params={"limit": 1}))
    older = await body(await client.get(f"{API}/issues", params={"before": listed["next"]}))
    stopped = await body(await client.get(f"{API}/issues?state=stopped&state=open"))

    assert (paused["state"], resumed["state"]) == ("paused", "open")
    assert shown["number"] == 1
    assert shown["balance"] == {
        "audience": 3, "accepted": 1, "failed": 1, "skipped": 0, "pending": 1, "in_doubt": 0
    }  # fmt: skip
    assert retried["balance"]["pending"] == 2
    assert failed == {"items": [], "next": None}
    assert [each["address"][:3] for each in people["items"] + others["items"]] == [
        claim.address.mailbox[:3] for claim in claims
    ]
    assert people["items"][0]["state"] == "accepted"
    assert people["items"][0]["reply"] == "250 ok"
    assert cancelled["state"] == "stopped"
    assert [each["id"] for each in listed["items"]] == [issue.id]
    assert [each["id"] for each in older["items"]] == [empty.id]
    assert [each["id"] for each in stopped["items"]] == [issue.id]


async def test_issue_is_made_now_and_once(client: httpx.AsyncClient, desk: Desk) -> None:
    for name in ("ann", "bob", "cy"):
        await desk.join(name, "weekly")
    await desk.bring("one")
    url, key = f"{API}/newsletters/digest/issues", {"Idempotency-Key": "monday"}
    weekly = {"cadence": "weekly"}

    made = await body(await client.post(url, json=weekly, headers=key))
    desk.clock.advance(seconds=1)
    same = await body(await client.post(url, json=weekly, headers=key))
    other = await body(await client.post(url, json=weekly))
    wrong = await client.post(url, json={"cadence": "hourly"})
    unknown = await client.post(f"{API}/newsletters/other/issues", json=weekly)
    await desk.compose_due()
    shown = [await body(await client.get(f"{API}/issues/{each['id']}")) for each in (made, other)]

    assert (made["state"], made["approved"], made["cadence"]) == ("held", True, "weekly")
    assert same == made
    assert other["id"] != made["id"]
    assert await faults(wrong) == {"#/cadence": "must be one of: daily, weekly, instant"}
    assert unknown.status_code == 404
    # Who asked twice without a key has made one issue all the same, and nobody gets two mails.
    assert [each["state"] for each in shown] == ["open", "empty"]
    assert [each["balance"]["audience"] for each in shown] == [3, 0]


async def test_recipients_whose_mail_bounced_are_listed(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    for name in ("ann", "bob", "cy"):
        await desk.join(name, "weekly")
    await desk.bring("one")
    issue = await desk.issue_now("weekly")
    claims = await desk.claim()
    await desk.mark(claims)
    await desk.settle(claims, DeliveryState.ACCEPTED)
    kinds = (BounceKind.HARD, BounceKind.AUTO_REPLY, BounceKind.COMPLAINT)
    async with desk.store.write() as connection:
        for claim, kind in zip(claims, kinds, strict=True):
            about = await addressees.of_delivery(connection, claim.delivery)
            assert about is not None
            for copy in "ab":
                verdict = Verdict(kind=kind, digest=f"{kind} {copy}", diagnostic="no")
                await bounces.record(connection, verdict, about, "lmtp", desk.clock())
    url = f"{API}/issues/{issue.id}/recipients"

    bounced = await body(await client.get(url, params={"bounced": "true"}))
    failed = await body(await client.get(url, params={"bounced": "true", "state": "failed"}))

    assert [each["address"] for each in bounced["items"]] == [
        claims[0].address.mailbox, claims[2].address.mailbox
    ]  # fmt: skip
    assert {each["state"] for each in bounced["items"]} == {"accepted"}
    assert failed["items"] == []


async def test_held_issue_is_approved(client: httpx.AsyncClient, desk: Desk) -> None:
    issue = await desk.occur()
    async with desk.store.write() as connection:
        from sqlalchemy import update

        from publisher.store.tables import issues

        await connection.execute(update(issues).values(approved=False))

    approved = await body(await client.post(f"{API}/issues/{issue.id}/approve"))

    assert (approved["state"], approved["approved"]) == (IssueState.HELD, True)


# --- events and webhooks


async def test_events_are_read_to_their_end_and_on(client: httpx.AsyncClient, desk: Desk) -> None:
    for name in ("ann", "bob", "cy"):
        await add(client, f"{name}@example.org", confirmed=True)
    desk.clock.advance(hours=1)
    await client.delete(f"{API}/subscribers/bob@example.org/subscriptions/digest")

    first = await body(await client.get(f"{API}/events?limit=3"))
    rest = await body(await client.get(f"{API}/events", params={"after": first["next"]}))
    ended = await body(await client.get(f"{API}/events?kind=subscription.ended&kind=complaint"))
    since = await body(await client.get(f"{API}/events?since=2026-11-23T06:30:00Z"))

    assert [each["type"] for each in first["items"]] == ["subscription.confirmed"] * 3
    assert rest["next"] is None
    assert rest == ended == since
    (event,) = rest["items"]
    assert event == {
        "id": 4,
        "type": "subscription.ended",
        "timestamp": "2026-11-23T07:00:00Z",
        "data": {
            "newsletter": "digest",
            "subscriber": 2,
            "address": "bob@example.org",
            "cadence": "daily",
        },
    }


async def test_webhook_is_shown_and_told_again(client: httpx.AsyncClient, desk: Desk) -> None:
    async with desk.store.write() as connection:
        await webhooks.keep(connection, ["crm"], desk.clock())
    await add(client, confirmed=True)

    (shown,) = (await body(await client.get(f"{API}/webhooks")))["items"]
    replay = f"{API}/webhooks/crm/replay"
    none = await body(await client.post(replay, json={"since": "1"}))
    whole = await body(await client.post(replay, json={"since": "2020-01-01"}))
    wrong = await client.post(replay, json={"since": "soon"})
    unknown = await client.post(f"{API}/webhooks/other/replay", json={})

    assert (shown["state"], shown["waiting"], shown["told"]) == ("active", 1, None)
    assert "example.org" not in str(shown)
    assert (none["waiting"], whole["waiting"]) == (0, 1)
    assert (await faults(wrong)).keys() == {"#/since"}
    assert unknown.status_code == 404
