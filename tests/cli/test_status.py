"""`status` and `schedule`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from publisher.cli.scheduling import coming
from publisher.model import Cadence, Format, HubMode, Notice, TellingState
from publisher.store import callbacks, intents, notices, quotas
from publisher.store.engine import connect
from publisher.store.intents import Intent
from tests.cli.conftest import Command
from tests.rig import builders
from tests.rig.program import Site


def test_schedule_needs_no_database_and_speaks_local_time(command: Command) -> None:
    rows = json.loads(command("schedule", "--next", "2", "--json").stdout)

    assert 2 == len(rows)
    assert all(row["slot"].endswith(" 07:00 CST") for row in rows)


def test_schedule_until_a_day_before_now_is_empty(command: Command) -> None:
    result = command("schedule", "--until", "2020-01-01")

    assert ("", 0) == (result.stdout, result.exit_code)
    assert "No slot is to come.\n" in result.stderr


def test_schedule_tells_of_instant_cadences(command: Command) -> None:
    told = command("schedule").stderr

    assert "digest, instant: as articles come\n" in told
    assert told.endswith(
        "digest: a slot that is more than 6:00:00 late is left out, and its articles wait for the"
        " next.\n"
    )


def test_a_slot_that_the_clock_change_skips_is_noted() -> None:
    newsletter = replace(builders.newsletter(), timezone=ZoneInfo("Europe/Berlin"))
    night = Cadence(name="night", cron="30 2 * * *")
    after = datetime(2027, 3, 27, 12, tzinfo=UTC)

    slots = list(coming(newsletter, night, after, datetime(2027, 3, 29)))  # noqa: DTZ001

    assert [
        ("Sun 2027-03-28 03:00 CEST", "the clock change skips 02:30"),
        ("Mon 2027-03-29 02:30 CEST", ""),
    ] == [(slot["slot"], slot["note"]) for slot in slots]


def test_a_slot_that_the_clock_change_repeats_is_noted() -> None:
    newsletter = replace(builders.newsletter(), timezone=ZoneInfo("Europe/Berlin"))
    night = Cadence(name="night", cron="30 2 * * *")
    after = datetime(2027, 10, 30, 12, tzinfo=UTC)

    (slot,) = coming(newsletter, night, after, datetime(2027, 10, 31))  # noqa: DTZ001

    assert "Sun 2027-10-31 02:30 CEST" == slot["slot"]
    assert "the clock change brings 02:30 twice; this is the first" == slot["note"]


def test_own_times_of_readers_are_waves_of_a_slot(loaded: Command, site: Site) -> None:
    config = site.config.read_text(encoding="utf-8").replace(
        'daily = { cron = "0 7 * * *" }', 'daily = { cron = "0 7 * * *", own_time = true }'
    )
    site.config.write_text(config, encoding="utf-8")
    for name in ("ann", "bob", "cem", "dee"):
        loaded("subscribers", "add", f"{name}@example.org", "--newsletter=digest", "--confirmed")
    for name, words in (("bob", ("--zone=Asia/Tokyo",)), ("cem", ("--hour=18",))):
        person = (f"{name}@example.org", "--newsletter=digest")
        assert 0 == loaded("subscribers", "choose", *person, *words).exit_code

    rows = json.loads(loaded("schedule", "--next", "1", "--json").stdout)

    waves = {row["own_time"]: (row["slot"][-9:], row["readers"]) for row in rows}
    assert {
        "": ("07:00 CST", 2),
        "@Asia/Tokyo": ("07:00 JST", 1),
        "18@": ("18:00 CST", 1),
    } == waves
    assert all(row["issue"].endswith("T07:00") for row in rows)
    assert "own time: Asia/Tokyo\n" in loaded("schedule", "--next", "1").stdout


def test_status_tells_sources_readers_issues_and_slots(loaded: Command, site: Site) -> None:
    (site.articles / "empty.md").touch()
    loaded("ingest")
    loaded("subscribers", "add", "ann@example.org", "--newsletter", "digest", "--confirmed")

    found = json.loads(loaded("status", "--json").stdout)

    (source,) = found["sources"]
    assert (1, 1, None) == (source["articles"], source["rejected"], source["error"])
    assert [{"origin": "empty.md", "reason": "the file is empty"}] == source["rejections"]
    assert [("digest", "daily", "active", 1)] == [
        tuple(row.values()) for row in found["subscriptions"]
    ]
    assert ["daily"] == [row["cadence"] for row in found["next"]]


def test_status_for_people_names_each_rejection(loaded: Command, site: Site) -> None:
    (site.articles / "empty.md").touch()
    loaded("ingest")

    assert "  newsroom: empty.md: the file is empty\n" in loaded("status").stdout


def test_status_shows_only_issues_with_something_left(loaded: Command) -> None:
    add = ("subscribers", "add", "ann@example.org", "--newsletter", "digest", "--confirmed")
    loaded(*add, "--cadence", "daily")
    loaded("issues", "build", "digest")
    before = json.loads(loaded("status", "--json").stdout)["issues"]
    loaded("issues", "cancel", "1")

    after = json.loads(loaded("status", "--json").stdout)["issues"]

    assert [(1, 0, 1)] == [(row["id"], row["done"], row["audience"]) for row in before]
    assert [] == after


def test_status_tells_how_much_of_each_quota_is_taken(loaded: Command, site: Site) -> None:
    none = loaded("status").stdout
    config = site.config.read_text(encoding="utf-8")
    limited = config.replace("connections = 5", "connections = 5\ndaily = 1000")
    limited += '[senders."example.org"]\nwarm_up = { start = 2020-01-01 }\ndaily = 40\n'
    site.config.write_text(limited, encoding="utf-8")
    zone = ZoneInfo("Asia/Shanghai")

    async def take() -> None:
        store = connect(f"sqlite:///{site.folder / 'var' / 'publisher.db'}")
        async with store.write() as connection:
            today = datetime.now(zone).date()
            await quotas.count(connection, "relay main", today, 250)
            await quotas.count(connection, "sender example.org", today, 41)
        await store.close()

    asyncio.run(take())

    found = json.loads(loaded("status", "--json").stdout)["quotas"]
    said = loaded("status").stdout

    assert "Quotas of today: none\n" in none
    assert found == [
        {"quota": "relay main", "used": 250, "left": 750, "limit": 1000} | _until(found[0]),
        {"quota": "sender example.org", "used": 41, "left": 0, "limit": 40} | _until(found[1]),
    ]
    (row,) = [line.split() for line in said.splitlines() if line.startswith("relay main")]
    assert row[2:5] == ["250", "750", "1000"]
    assert row[-2:] == ["00:00", "CST"]


def _until(row: dict[str, str]) -> dict[str, str]:
    """Give when a quota is new, if that is the next midnight of the publication."""
    until = datetime.fromisoformat(row["until"])
    assert (until.hour, until.minute, until.utcoffset()) == (0, 0, timedelta(hours=8))
    return {"until": row["until"]}


def test_status_shows_notices_that_were_not_sent(loaded: Command, site: Site) -> None:
    none = loaded("status").stdout
    asyncio.run(_note(site))

    shown = loaded("status").stdout
    (row,) = json.loads(loaded("status", "--json").stdout)["notices"]

    assert "\nNotices not sent: none\n" in none
    assert "digest, daily: issue 1 is held" in shown
    assert (row["attempts"], row["text"]) == (0, "Look at it.\n")


async def _note(site: Site) -> None:
    notice = Notice(key="k", subject="digest, daily: issue 1 is held", text="Look at it.\n")
    store = connect(f"sqlite:///{site.folder}/var/publisher.db")
    async with store.write() as connection:
        await notices.add(connection, notice, datetime.now(UTC))
    await store.close()


def test_status_tells_of_no_hub(loaded: Command) -> None:
    assert "\nHub: none\n" in loaded("status").stdout
    assert json.loads(loaded("status", "--json").stdout)["hub"] is None


def test_status_tells_in_one_line_how_our_hub_fares(loaded: Command, site: Site) -> None:
    config = site.config.read_text(encoding="utf-8")
    site.config.write_text(config.replace("[web]\n", '[web]\nhub = "self"\n'), encoding="utf-8")
    quiet = loaded("status").stdout
    asyncio.run(_fail_to_tell(site))

    failing = loaded("status").stdout
    found = json.loads(loaded("status", "--json").stdout)["hub"]

    assert "\nHub: our own, 0 subscriptions, 0 to be verified, 0 to be told\n" in quiet
    assert (
        "\nHub: our own, 1 subscription, 1 to be verified, 1 to be told; 1 fail, the last at"
        " 2099-01-01 08:00 CST: reader.example.net: it answers 503\n"
    ) in failing
    assert found["url"] == f"{site.url}/hub"
    assert (found["subscriptions"], found["failing"]) == (1, 1)


async def _fail_to_tell(site: Site) -> None:
    """Have one subscriber that cannot be told, and one whose callback is not asked yet."""
    now = datetime(2099, 1, 1, tzinfo=UTC)
    agreed = Intent(
        mode=HubMode.SUBSCRIBE,
        url="https://reader.example.net/callback",
        host="reader.example.net",
        feed="all",
        format=Format.RSS,
    )
    store = connect(f"sqlite:///{site.folder}/var/publisher.db")
    async with store.write() as connection:
        await callbacks.put(connection, agreed, lease_ends=now + timedelta(days=1), now=now)
        await callbacks.supersede(connection, {("all", Format.RSS): "newer"}, now)
        (telling,) = await callbacks.claim(
            connection, busy={}, limit=1, now=now, lease_ends=now + timedelta(minutes=1)
        )
        failed = callbacks.Outcome(
            state=TellingState.PENDING, version="newer", due=now, error="it answers 503"
        )
        await callbacks.settle(connection, telling, failed, now)
        other = replace(agreed, url="https://reader.example.net/other")
        await intents.put(connection, [other], peer="", now=now)
    await store.close()
