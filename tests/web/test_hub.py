"""The door of our own hub: what it takes, and what it says to whoever asks wrongly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from publisher.model import AutomaticFeeds, Feed, Format, HubMode, TermKind
from publisher.store import callbacks, intents
from publisher.store.intents import Intent
from publisher.web.site import Site
from tests.rig import builders
from tests.rig.desk import Desk
from tests.web.conftest import Serving

FORM = {
    "hub.mode": "subscribe",
    "hub.callback": "https://reader.example.net/callback",
    "hub.topic": "https://news.example.org/feeds/all.atom",
}


@pytest.fixture
def site(site: Site) -> Site:
    return replace(site, publication=replace(site.publication, hub=site.publication.own_hub))


async def ask(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    form = FORM | {f"hub.{name}": value for name, value in changes.items()}
    return await client.post("/hub", data={name: text for name, text in form.items() if text})


async def load(site: Site, *, host: str = "", peer: str = "") -> intents.Load:
    async with site.store.write() as connection:
        return await intents.load(connection, host=host, peer=peer, now=site.clock())


def waiting(number: int, **changes: Any) -> Intent:
    made = Intent(
        mode=HubMode.SUBSCRIBE,
        url=f"https://reader{number}.example.net/callback",
        host=f"reader{number}.example.net",
        feed="all",
        format=Format.RSS,
        lease_seconds=864_000,
    )
    return replace(made, **changes)


async def wait(site: Site, *wanted: Intent, peer: str = "192.0.2.1") -> None:
    async with site.store.write() as connection:
        await intents.put(connection, wanted, peer=peer, now=site.clock())


async def stand(site: Site, *agreed: Intent) -> None:
    now = site.clock()
    async with site.store.write() as connection:
        for intent in agreed:
            await callbacks.put(connection, intent, lease_ends=now + timedelta(days=1), now=now)


@pytest.mark.parametrize("mode", ["subscribe", "unsubscribe"])
async def test_request_is_taken_to_be_verified(
    site: Site, client: httpx.AsyncClient, mode: str
) -> None:
    answer = await ask(client, mode=mode, secret="s" * 199, lease_seconds="7200", verify="async")

    assert (answer.status_code, answer.text) == (202, "The callback will be asked.\n")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (await load(site, host="reader.example.net")).of_host == 1


WRONG = [
    ({"mode": ""}, "hub.mode must be subscribe or unsubscribe."),
    ({"mode": "publish"}, "hub.mode must be subscribe or unsubscribe."),
    ({"mode": "denied"}, "hub.mode must be subscribe or unsubscribe."),
    ({"callback": ""}, "hub.callback must be a whole http or https address."),
    ({"callback": "/callback"}, "hub.callback must be a whole http or https address."),
    ({"callback": "ftp://a.example/"}, "hub.callback must be a whole http or https address."),
    ({"callback": "https://[a/"}, "hub.callback must be a whole http or https address."),
    ({"callback": "https://a:x/"}, "hub.callback must be a whole http or https address."),
    ({"callback": "https://a/ b"}, "hub.callback must be a whole http or https address."),
    ({"callback": "https://a/\x00"}, "hub.callback must be a whole http or https address."),
    ({"callback": "https://a/#b"}, "hub.callback must have neither a fragment nor a user."),
    ({"callback": "https://a@b/"}, "hub.callback must have neither a fragment nor a user."),
    ({"callback": "http://a:25/"}, "hub.callback must be at port 80 or 443, or at 1024"),
    ({"callback": f"https://a/{'ä' * 510}"}, "hub.callback must not be longer than 1024"),
    ({"secret": "s" * 200}, "hub.secret must be less than 200 bytes long."),
    ({"secret": "ä" * 100}, "hub.secret must be less than 200 bytes long."),
    ({"secret": "s\x00"}, "hub.secret must not hold a zero byte."),
    ({"lease_seconds": "soon"}, "hub.lease_seconds must be a whole number."),
    ({"lease_seconds": "-1"}, "hub.lease_seconds must be a whole number."),
    ({"lease_seconds": "²"}, "hub.lease_seconds must be a whole number."),
]


async def test_wrong_request_is_told_what_is_wrong(site: Site, client: httpx.AsyncClient) -> None:
    for changes, words in WRONG:
        answer = await ask(client, **changes)

        assert (changes, answer.status_code) == (changes, 400)
        assert answer.text.startswith(words), changes
    assert (await load(site)).all == 0


NO_TOPICS = [
    "",
    "https://news.example.org/",
    "https://news.example.org/hub",
    "https://news.example.org/feeds/all",
    "https://news.example.org/feeds/all.xml",
    "https://news.example.org/feeds/all.atom?page=2",
    "https://news.example.org/feeds/all/archive/1.atom",
    "https://news.example.org/feeds/other.atom",
    "https://news.example.org/feeds/ended.atom",
    "https://news.example.org/feeds/short.rss",
    "https://news.example.org/feeds/tag/nothing.atom",
    "http://news.example.org/feeds/all.atom",
    "/feeds/all.atom",
    "https://elsewhere.example/feeds/all.atom",
]


async def test_topic_must_be_a_document_of_ours(site: Site, desk: Desk, serving: Serving) -> None:
    feeds: list[Feed] = [
        builders.feed(),
        builders.feed(slug="ended", is_retired=True),
        builders.feed(slug="short", formats=(Format.ATOM,)),
    ]
    client = await serving(replace(site, press=builders.press(desk, *feeds)))

    answers = {topic: await ask(client, topic=topic) for topic in NO_TOPICS}

    assert {topic: (each.status_code, each.text) for topic, each in answers.items()} == (
        dict.fromkeys(
            NO_TOPICS, (400, "hub.topic must be the rel=self address of a feed of this site.\n")
        )
    )


async def test_feed_of_a_tag_is_a_topic_too(site: Site, desk: Desk, serving: Serving) -> None:
    await desk.bring("one", tags=("Harbour",))
    automatic = AutomaticFeeds(kinds=(TermKind.TAG,), formats=tuple(Format), limit=50, full=True)
    client = await serving(replace(site, press=builders.press(desk, automatic=automatic)))

    answer = await ask(client, topic="https://news.example.org/feeds/tag/harbour.json")

    assert answer.status_code == 202


async def test_form_in_another_encoding_or_none_is_told_what_is_wrong(
    client: httpx.AsyncClient,
) -> None:
    broken = {"Content-Type": "multipart/form-data"}
    answers = [
        await client.post("/hub", json=FORM),
        await client.post("/hub", content=b"--\r\n", headers=broken),
        await client.post("/hub", files={"hub.mode": ("mode", b"subscribe")}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 3


async def test_form_must_not_be_large(client: httpx.AsyncClient) -> None:
    answer = await ask(client, secret="s" * 100_000)

    assert answer.status_code == 413


async def test_nothing_but_post_is_answered(client: httpx.AsyncClient) -> None:
    answer = await client.get("/hub")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("hub", [None, "https://hub.example.net/"])
async def test_there_is_no_hub_where_it_is_not_ours(
    site: Site, serving: Serving, hub: str | None
) -> None:
    client = await serving(replace(site, publication=replace(site.publication, hub=hub)))

    answer = await ask(client)

    assert answer.status_code == 404


# --- bounds


async def test_few_of_one_host_wait_at_a_time(site: Site, client: httpx.AsyncClient) -> None:
    """Whoever asks in its name cannot have us call it more often than that."""
    await wait(
        site,
        *(
            waiting(n, host="reader.example.net", url=f"https://reader.example.net/{n}")
            for n in range(60)
        ),
    )

    refused = await ask(client, callback="https://READER.example.net./another")
    other = await ask(client, callback="https://other.example.net/")

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert other.status_code == 202


async def test_few_for_one_peer_wait_at_a_time(site: Site, client: httpx.AsyncClient) -> None:
    await wait(site, *(waiting(n) for n in range(120)), peer="127.0.0.1")

    answer = await ask(client)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")


async def test_not_too_many_wait_in_all(site: Site, client: httpx.AsyncClient) -> None:
    await wait(site, *(waiting(n) for n in range(2000)))

    answer = await ask(client)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


async def test_what_failed_counts_until_it_may_be_asked_again(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    await wait(site, *(waiting(n) for n in range(120)), peer="127.0.0.1")
    now = site.clock()
    async with site.store.write() as connection:
        claimed: list[intents.Question] = []
        while more := await intents.claim(
            connection, busy={}, limit=200, now=now, lease_ends=now + timedelta(minutes=1)
        ):
            claimed += more
        for question in claimed:
            await intents.fail(connection, question, now + timedelta(minutes=1))
    at_once = await ask(client)
    desk.clock.advance(minutes=1)

    later = await ask(client)

    assert (at_once.status_code, later.status_code) == (429, 202)


async def test_subscriptions_of_one_host_are_bounded_but_may_be_renewed(
    site: Site, client: httpx.AsyncClient
) -> None:
    await stand(
        site,
        *(
            waiting(n, host="reader.example.net", url=f"https://reader.example.net/{n}")
            for n in range(500)
        ),
    )
    topic = "https://news.example.org/feeds/all.rss"

    another = await ask(client, callback="https://reader.example.net/another", topic=topic)
    renewal = await ask(client, callback="https://reader.example.net/1", topic=topic)
    farewell = await ask(
        client, callback="https://reader.example.net/1", topic=topic, mode="unsubscribe"
    )

    assert [each.status_code for each in (another, renewal, farewell)] == [403, 202, 202]


async def test_subscriptions_are_bounded_in_all(
    site: Site, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.hub.asking._MOST_SUBSCRIPTIONS", 2)
    await stand(site, waiting(1), waiting(2))

    answer = await ask(client)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
