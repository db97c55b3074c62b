"""What other systems export, as they write it, and what is read from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from publisher.errors import PublisherError
from publisher.importing import formats, reading, sheets
from publisher.importing.line import Offer
from publisher.importing.reading import Rejected
from publisher.model import Cadence, Entry, Newsletter, Selection, SubscriptionState, Topic
from tests.rig import builders

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
ACTIVE, PENDING, ENDED = (
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
    SubscriptionState.ENDED,
)

# What each of them exports, by the name of its format.
SAMPLES = Path(__file__).parent / "samples"

EXPECTED = {
    "mailchimp": {
        "ann": (ACTIVE, ""),
        "bob": (ENDED, ""),
        "cat": (ENDED, "complaint"),
        "dan": (ENDED, "hard_bounce"),
        "eve": "Mailchimp has them as not subscribed",
    },
    "ghost": {"ann": (ACTIVE, ""), "bob": (ENDED, "")},
    "listmonk": {"ann": (None, ""), "bob": (ENDED, "manual"), "cat": (ENDED, "")},
    "substack": {"ann": (ACTIVE, ""), "bob": (ENDED, "")},
    "buttondown": {
        "ann": (ACTIVE, ""),
        "bob": (PENDING, ""),
        "cat": (ENDED, ""),
        "dan": (ENDED, "hard_bounce"),
        "eve": (ENDED, "complaint"),
        "fay": (ENDED, "manual"),
        "gil": 'nobody knows what the state "cosmic" means',
    },
    "mailpoet": {
        "ann": (ACTIVE, ""),
        "bob": (PENDING, ""),
        "cat": (ENDED, ""),
        "dan": (ENDED, "hard_bounce"),
        "eve": (ACTIVE, ""),
    },
}


@pytest.fixture
def newsletter() -> Newsletter:
    return replace(
        builders.newsletter(),
        topics=(Topic(slug="harbour", title="The harbour", select=Selection()),),
        languages=("en", "de", "pt-BR"),
        cadences=(
            Cadence(name="daily", cron="0 7 * * *", own_time=True),
            Cadence(name="instant", cron=None),
        ),
    )


def read(
    newsletter: Newsletter,
    files: Iterable[Path],
    chosen: str | None = None,
    mapped: dict[str, str] | None = None,
) -> tuple[list[Entry | Rejected | None], set[str]]:
    """Read files as one import does; give what they tell, and the systems they are taken for."""
    told: list[Entry | Rejected | None] = []
    titles = set()
    for file in files:
        with sheets.opened(file) as found:
            lists, _ = reading.lists(found, chosen, mapped or {})
            for each in lists:
                titles.add(each.format.TITLE)
                offer = Offer.of(newsletter, newsletter.cadences[0], NOW)
                told += reading.read(each, offer, newsletter.slug)
    return told, titles


def written(folder: Path, text: str) -> Path:
    file = folder / "people.csv"
    file.write_text(text, encoding="utf-8")
    return file


def sample(system: str) -> list[Path]:
    return sorted(
        (SAMPLES / system).iterdir(), key=lambda path: not path.name.startswith("subscribed")
    )


def test_every_format_has_a_sample() -> None:
    assert (
        {*EXPECTED, "csv"} == set(formats.names()) == {p.name for p in SAMPLES.iterdir()} | {"csv"}
    )


@pytest.mark.parametrize("system", EXPECTED)
def test_an_export_is_known_by_its_columns_and_keeps_states(
    newsletter: Newsletter, system: str
) -> None:
    told, titles = read(newsletter, sample(system))

    assert {formats.called(system).TITLE} == titles
    found: dict[str, Any] = {}
    for one in told:
        if isinstance(one, Rejected):
            found[one.address.partition("@")[0]] = one.reason
        elif one is not None:
            found[one.address.mailbox.partition("@")[0]] = (one.state, one.suppressed)
    assert EXPECTED[system] == found


BLANK, ZULU = "2024-01-02 10:00:00", "2024-01-02T10:00:00Z"
IP, PAGE = "192.0.2.1", "https://example.org/"
IPS = {"opt_in_ip": IP, "confirmed_ip": "192.0.2.2"}


@pytest.mark.parametrize(
    ("system", "consent", "confirmed"),
    [
        ("mailchimp", {"opt_in_time": BLANK, **IPS}, 5),
        ("ghost", {"opt_in_time": "2024-01-02T10:00:00.000Z"}, 0),
        ("listmonk", {"opt_in_time": "2024-01-02 10:00:00.12 +0000 UTC"}, None),
        ("substack", {"opt_in_time": "2024-01-02T10:00:00.000Z", "plan": "other"}, 0),
        ("buttondown", {"opt_in_time": ZULU, "opt_in_ip": IP, "source": "api", "page": PAGE}, None),
        ("mailpoet", {"opt_in_time": BLANK, **IPS, "source": "News"}, 5),
    ],
)  # fmt: skip
def test_an_export_brings_dates_and_what_is_known_of_the_consent(
    newsletter: Newsletter,
    system: str,
    consent: dict[str, str],
    confirmed: int | None,
) -> None:
    (ann, *others), _ = read(newsletter, sample(system))

    assert isinstance(ann, Entry)
    assert consent == ann.consent
    assert datetime(2024, 1, 2, 10, tzinfo=UTC) == (ann.created or NOW).replace(microsecond=0)
    if confirmed is None:
        assert ann.confirmed is None
    else:
        assert datetime(2024, 1, 2, 10, confirmed, tzinfo=UTC) == ann.confirmed
    if system in ("mailchimp", "listmonk"):
        left = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)
        assert left in {one.ended for one in others if isinstance(one, Entry)}


@pytest.mark.parametrize("system", ["mailchimp", "ghost", "buttondown"])
def test_tags_become_the_topics_that_are_on_offer(newsletter: Newsletter, system: str) -> None:
    (ann, *_), _ = read(newsletter, sample(system))

    assert isinstance(ann, Entry)
    assert ("harbour",) == ann.topics


def test_a_plain_list_says_what_it_has_columns_for(tmp_path: Path, newsletter: Newsletter) -> None:
    text = """email,name,state,language,topics,cadence,own_time,paused_until,created,consent
a@x.org,A,subscribed,pt_br,The Harbour|x,daily,7@,2027-01-02,,"{""k"":""fa\\u0000\\udc80ir""}"
b@example.org,B,,de-AT,,instant,7@,,2999-01-01,
c@example.org,C,,xx,,hourly,25@,,,
d@example.org,D,,,,,,next week,,
e@example.org,E,,,,,,,,not json
f@example.org,F,dancing,,,,,,,
g@example.org,G
h@example.org,H,,,,,,,,,more
"""

    told, _ = read(newsletter, [written(tmp_path, text)])

    first, second, *others = told
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert (ACTIVE, "pt-BR", ("harbour",), "daily", "7@") == (
        *(first.state, first.language, first.topics, first.cadence, first.own_time),
    )
    assert (datetime(2027, 1, 2, tzinfo=UTC), {"k": "fair"}) == (
        first.paused_until,
        first.consent,
    )
    # Neither an hour where none may be chosen, nor a time that has not been yet.
    assert (None, "de", "instant", "", None) == (
        *(second.state, second.language, second.cadence, second.own_time, second.created),
    )
    assert [
        "25 is no hour of the day",
        '"next week" in paused_until is no time',
        "consent is not JSON",
        'nobody knows what the state "dancing" means',
        "there are only 2 of 10 cells",
        "there are 11 cells, and 10 columns",
    ] == [one.reason for one in others if isinstance(one, Rejected)]


def test_columns_may_be_told(tmp_path: Path, newsletter: Newsletter) -> None:
    text = "Name,Vorname,Nachname,Adresse\nx,Ann,Alt,ann@example.org\n"
    mapped = {"email": "Adresse", "first_name": "vorname", "last_name": "Nachname", "name": ""}

    (ann,), _ = read(newsletter, [written(tmp_path, text)], mapped=mapped)

    assert isinstance(ann, Entry)
    assert ("ann@example.org", "Ann Alt") == (ann.address.mailbox, ann.address.name)


@pytest.mark.parametrize(
    ("text", "chosen", "mapped", "fault"),
    [
        ("ann@example.org,Ann", None, {}, 'no column "email"'),
        ("email,email\n", None, {}, 'two columns are named "email"'),
        ("email,state,State\n", None, {}, 'two columns are named "state"'),
        ("email,name\n", "mailchimp", {}, 'no column "email_address"'),
        ("email,name\n", None, {"email": "Address"}, 'no column "address" as --map says'),
    ],
)
def test_what_is_no_list_of_people_is_told(
    tmp_path: Path,
    newsletter: Newsletter,
    text: str,
    chosen: str | None,
    mapped: dict[str, str],
    fault: str,
) -> None:
    with pytest.raises(PublisherError, match=fault):
        read(newsletter, [written(tmp_path, text)], chosen, mapped)
