"""Lists that come and go over the API, as the commands take and give them."""

from __future__ import annotations

import asyncio
import json
from typing import Any, get_args

import httpx
import pytest
from structlog.testing import capture_logs

from publisher.importing import exporting, formats
from publisher.model import Scope
from publisher.store import subscribers
from publisher.store.tables import idempotency
from publisher.web.api import body as bodies
from publisher.web.api import imports
from publisher.web.site import Site
from tests.rig.program import until
from tests.web.conftest import Serving
from tests.web.test_api_rights import bearer, token_for

SUBSCRIBERS, SUPPRESSIONS = "/api/v1/subscribers", "/api/v1/suppressions"
CSV = {"Content-Type": "text/csv"}
PEOPLE = b"""E-Mail,name,state,confirmed
ann@example.org,Ann,active,2024-05-01
bob@example.org,Bob,unsubscribed,2024-05-01
cy@example.org,Cy,bounced,
dan@,Dan,active,
eve@example.org,Eve,,
"fay@example.org,Fay,active,
"""


@pytest.fixture
async def client(site: Site, serving: Serving) -> httpx.AsyncClient:
    """A client that may do everything."""
    client = await serving(site)
    client.headers.update(bearer(await token_for(site, *Scope)))
    return client


async def bring(
    client: httpx.AsyncClient, content: bytes = PEOPLE, status: int = 200, **how: Any
) -> Any:
    parameters = {"newsletter": "digest", "map": "email=E-Mail"} | how
    answer = await client.post(
        f"{SUBSCRIBERS}/import", content=content, params=parameters, headers=CSV
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def counted(told: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in told.items() if isinstance(count, int) and count}


# --- out


async def test_what_is_exported_comes_in_elsewhere_as_it_was(client: httpx.AsyncClient) -> None:
    await bring(client)
    await client.post(SUPPRESSIONS, json={"address": "@spam.example", "note": "=1+1"})

    async def export(path: str, **how: Any) -> httpx.Response:
        answer = await client.get(f"/api/v1/{path}/export", params=how)
        assert answer.status_code == 200, answer.text
        return answer

    people = await export("subscribers", newsletter="digest")
    as_json = await export("subscribers", format="jsonl", state="active")
    barred = await export("suppressions")
    barred_json = await export("suppressions", format="jsonl")
    events = await export("events", kind="suppression.added")
    later = await export("events", after=json.loads(events.text.splitlines()[0])["id"])
    again = await bring(client, people.content, map=())
    barred_again = await client.post(f"{SUPPRESSIONS}/import", content=barred.content, headers=CSV)
    head = await client.head("/api/v1/subscribers/export")
    listed = (await client.get("/api/v1/events?kind=suppression.added")).json()["items"]
    refused = [
        await client.get("/api/v1/subscribers/export?newsletter=other"),
        await client.get("/api/v1/subscribers/export?format=xml"),
        await client.get("/api/v1/events/export?after=1&since=2020-01-01"),
    ]

    assert people.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert people.headers["Content-Disposition"] == 'attachment; filename="subscribers.csv"'
    assert people.headers["Cache-Control"] == "no-store"
    assert "Content-Length" not in people.headers
    assert [line.partition(",")[0] for line in people.text.splitlines()] == [
        "email", "ann@example.org", "bob@example.org", "cy@example.org", "eve@example.org"
    ]  # fmt: skip
    assert as_json.headers["Content-Type"] == "application/jsonl"
    (ann,) = map(json.loads, as_json.text.splitlines())
    assert (ann["name"], ann["suppressed"], ann["consent"]["file"]) == ("Ann", None, "list.csv")
    assert ",'=1+1\n" in barred.text
    assert [json.loads(line)["note"] for line in barred_json.text.splitlines()] == [None, "=1+1"]
    assert counted(again) == {"already": 1, "left": 2, "waiting": 1}
    assert counted(barred_again.json()) == {"already": 2}
    told = [json.loads(line) for line in events.text.splitlines()]
    assert [each | {"timestamp": ""} for each in told] == [
        each | {"timestamp": ""} for each in listed
    ]
    assert told[0]["id"] < json.loads(later.text.splitlines()[0])["id"]
    assert (head.status_code, head.content) == (200, b"")
    assert [each.status_code for each in refused] == [400] * 3


async def test_export_ends_between_pages_when_its_client_leaves(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, ended = [], []
    left = asyncio.Event()
    page = subscribers.page

    async def waiting(*args: Any, **kwargs: Any) -> Any:
        began.append(kwargs["after"])
        await left.wait()
        found = await page(*args, **kwargs)
        ended.append(kwargs["after"])
        return found

    monkeypatch.setattr(subscribers, "page", waiting)
    monkeypatch.setattr(exporting, "_PAGE", 1)
    await bring(client, b"email\n" + b"".join(b"p%d@example.org\n" % n for n in range(9)), map=())

    with capture_logs() as logs:
        async with client.stream("GET", f"{SUBSCRIBERS}/export") as answer:
            await anext(answer.aiter_raw())
        await asyncio.sleep(0.05)
        left.set()

        async def is_over() -> bool:
            return any(each["event"] == "request" for each in logs)

        await until(is_over)

    assert began == ended == [0]
    assert [each for each in logs if each["log_level"] != "debug"] == []
    assert len((await client.get(f"{SUBSCRIBERS}/export")).text.splitlines()) == 10
    assert len(ended) == 1 + 10


# --- in


async def test_list_of_people_is_rehearsed_and_comes_in_once(
    client: httpx.AsyncClient, site: Site
) -> None:
    rehearsed = await bring(client, dry_run="true", file="people.csv")
    nobody = (await client.get(SUBSCRIBERS)).json()["items"]
    key = {"Idempotency-Key": "list-1"}
    client.headers.update(key)
    taken = await bring(client, file="people.csv", consent="at the fair")
    again = await bring(client, file="people.csv")
    people = (await client.get(SUBSCRIBERS)).json()["items"]

    assert counted(rehearsed) == {"active": 1, "ended": 1, "suppressed": 1, "asked": 1,
                                  "rejected": 2}  # fmt: skip
    assert nobody == []
    assert taken == rehearsed
    assert taken["format"] == "CSV"
    assert [(each["line"], each["address"]) for each in taken["rejects"]] == [
        (5, "dan@"),
        (7, '"fay@example.org,Fay,active,'),
    ]
    assert "not a usable address" in taken["rejects"][0]["reason"]
    assert "quotation marks" in taken["rejects"][1]["reason"]
    assert counted(again) == {"already": 1, "left": 2, "waiting": 1, "rejected": 2}
    assert {each["address"][:3]: each["state"] for each in people} == {
        "ann": "active", "bob": "ended", "cy@": "ended", "eve": "pending"
    }  # fmt: skip
    assert people[0]["consent"] == {
        "added_by": "import", "token": " ".join(Scope), "file": "people.csv", "system": "CSV",
        "said": "at the fair",
    }  # fmt: skip
    # Such an answer tells of people, and erasure does not look for it.
    async with site.store.read() as connection:
        assert (await connection.execute(idempotency.select())).all() == []


async def test_list_of_another_system_is_known_by_its_columns(client: httpx.AsyncClient) -> None:
    ghost = (
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,"
        "deleted_at,labels\n1,ann@example.org,Ann,,false,,,2024-05-01T10:00:00.000Z,,\n"
    )

    told = await bring(client, ghost.encode("utf-16"), map=())

    assert (told["format"], counted(told)) == ("Ghost", {"ended": 1})
    assert set(get_args(imports._Format)) == set(formats.names())


async def test_list_that_cannot_be_read_is_refused(client: httpx.AsyncClient) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"newsletter": "other"}, "no newsletter"),
        ({"newsletter": ()}, "newsletter is missing"),
        ({"cadence": "hourly"}, "cadence must be one of: daily, weekly, instant"),
        ({"map": "mail=E-Mail"}, "map is FIELD=COLUMN"),
        ({"format": "other"}, "format"),
        ({"state": "gone"}, "state"),
        ({"file": "a\0b"}, "file"),
        ({"consent": "\0"}, "consent"),
        ({"dry_run": "perhaps"}, "dry_run"),
    ]
    for how, detail in wrong:
        assert detail in (await bring(client, status=400, **how))["detail"]
    unreadable = [
        (b"", "the file is empty"),
        (b"PK\x03\x04\0\0", "line 1"),
        (b"name\nAnn\n", 'no column "e-mail" as the parameter map says'),
    ]
    for content, detail in unreadable:
        assert detail in (await bring(client, content, 422))["detail"]
    no_csv = await client.post(f"{SUBSCRIBERS}/import?newsletter=digest", json={})
    nobody = await client.post(f"{SUPPRESSIONS}/import", content=b"name\nA\n", headers=CSV)
    large = await bring(client, PEOPLE + b" " * bodies.CSV.most, 413)

    assert (no_csv.status_code, no_csv.headers["Accept"]) == (415, "text/csv")
    assert nobody.status_code == 422
    assert 'no column "address"' in nobody.json()["detail"]
    assert "larger than 5 MB" in large["detail"]
    assert "the command" in large["detail"]


async def test_rejects_are_told_up_to_a_number_and_all_counted(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 2)
    monkeypatch.setattr(imports, "_MOST_REJECTS", 3)
    lines = b"".join(b"nobody%d\n" % n for n in range(5))

    told = await bring(client, b"email\n" + lines + b"ann@example.org\n", map=())

    assert counted(told) == {"asked": 1, "rejected": 5}
    assert [each["line"] for each in told["rejects"]] == [2, 3, 4]


async def test_suppressions_come_in_by_a_list(client: httpx.AsyncClient) -> None:
    content = b"address,reason,newsletter\nann@example.org,complaint,\n@spam.example,,digest\nx,,\n"

    async def bar() -> Any:
        return (await client.post(f"{SUPPRESSIONS}/import", content=content, headers=CSV)).json()

    first, again = await bar(), await bar()
    items = (await client.get(SUPPRESSIONS)).json()["items"]

    assert counted(first) == {"added": 2, "rejected": 1}
    assert counted(again) == {"already": 2, "rejected": 1}
    assert [(each["line"], each["address"]) for each in first["rejects"]] == [(4, "x")]
    assert [(each["address"], each["reason"], each["newsletter"]) for each in items] == [
        ("ann@example.org", "complaint", ""),
        ("@spam.example", "manual", "digest"),
    ]
