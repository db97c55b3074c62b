"""`events`: what has happened, in a list and as JSON Lines."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from tests.cli.conftest import Command
from tests.rig.program import PROGRAM, Site, environment

TO_DIGEST = ("--newsletter", "digest", "--confirmed")


@pytest.fixture
def changed(loaded: Command) -> Command:
    """A site on which five things happened."""
    for name in ("ann", "bob", "cy"):
        loaded("subscribers", "add", f"{name}@example.org", *TO_DIGEST)
    loaded("subscribers", "remove", "bob@example.org")
    loaded("suppressions", "add", "cy@example.org")
    return loaded


def lines(text: str) -> list[tuple[int, str, str]]:
    found = map(json.loads, text.splitlines())
    return [(each["id"], each["type"], each["data"]["address"][:3]) for each in found]


def test_export_gives_every_event_in_a_line_and_goes_on_behind_any(changed: Command) -> None:
    whole = lines(changed("events", "export").stdout)
    rest = changed("events", "export", "--since", "3")
    ended = changed("events", "export", "--kind", "subscription.ended", "--kind", "complaint")
    later = changed("events", "export", "--since", "2999-01-01")
    earlier = changed("events", "export", "--since", "2020-01-01T08:00")

    assert whole == [
        (1, "subscription.confirmed", "ann"),
        (2, "subscription.confirmed", "bob"),
        (3, "subscription.confirmed", "cy@"),
        (4, "subscription.ended", "bob"),
        (5, "suppression.added", "cy@"),
    ]
    assert lines(rest.stdout) == whole[3:]
    assert lines(ended.stdout) == whole[3:4]
    assert later.stdout == ""
    assert lines(earlier.stdout) == whole


def test_list_shows_the_newest_events_to_people(changed: Command) -> None:
    shown = changed("events", "list", "--limit", "2").stdout
    as_json = json.loads(changed("events", "list", "--limit", "2", "--json").stdout)

    first, second = shown.splitlines()[1:]
    assert "subscription.ended" in first
    assert "bob@example.org" in first
    assert "cadence: daily" in first
    assert "reason: manual" in second
    assert [each["id"] for each in as_json] == [4, 5]
    assert as_json[0]["data"] == {
        "newsletter": "digest",
        "subscriber": 2,
        "address": "bob@example.org",
        "cadence": "daily",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "soon"), "--since soon: is neither the id of an event nor a time"),
        (("--since", "-1"), "--since -1: is neither"),
        (("--kind", "subscription.end"), "did you mean subscription.ended?"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    loaded: Command, words: tuple[str, str], said: str
) -> None:
    for name in ("list", "export"):
        result = loaded("events", name, *words)

        assert 2 == result.exit_code
        assert said in result.stderr


async def test_export_follows_until_it_is_stopped(changed: Command, site: Site) -> None:
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "events", "export", "--follow", "--since", "4"),
        cwd=site.folder,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        before = await process.stdout.readline()
        await site.aside("subscribers", "remove", "ann@example.org")
        after = await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()

    found = lines((before + after + rest).decode())
    assert found == [(5, "suppression.added", "cy@"), (6, "subscription.ended", "ann")]
    assert process.returncode == 0
