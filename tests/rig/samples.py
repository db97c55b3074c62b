"""A publication with a newsletter and articles of every awkward kind, for tests of templates."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from publisher.model import (
    Address,
    Article,
    ArticleState,
    Cadence,
    Feed,
    Format,
    InDoubtPolicy,
    Issue,
    IssueState,
    Newsletter,
    Order,
    Person,
    Publication,
    Selection,
)
from publisher.render import ArticleView, IssueView, RecipientView, Templates
from publisher.renditions import Part, contexts
from publisher.room import Extent

ZONE = ZoneInfo("Asia/Shanghai")
PUBLICATION = Publication(
    title="Harbour & Line",
    base_url="https://news.example.org",
    description="Reports from people who work on ships, on rails and in the yards between them.",
    language="en",
    timezone=ZONE,
    postal_address="Harbour & Line\n12 Quay Road\nShanghai 200080",
)
NEWSLETTER = Newsletter(
    slug="digest",
    title="The Morning Tide",
    description="What the ports did yesterday, in five minutes.",
    sender=Address(mailbox="news@example.org", name="Harbour & Line"),
    reply_to=None,
    subject="{{ newsletter.title }}: {{ articles[0].title }}",
    template="digest",
    select=Selection(),
    min_articles=1,
    max_articles=20,
    max_age=None,
    order=Order.NEWEST,
    max_lateness=timedelta(hours=6),
    in_doubt=InDoubtPolicy.ASK,
    grace=timedelta(minutes=10),
    approval=False,
    relays=("main",),
    cadences=(Cadence(name="daily", cron="0 7 * * *"), Cadence(name="instant", cron=None)),
    language="en",
    timezone=ZONE,
)
FEED = Feed(
    slug="all",
    title="Everything",
    description="Every article, as it comes.",
    formats=(Format.RSS, Format.ATOM, Format.JSON),
    limit=50,
    full=True,
    select=Selection(),
    language="en",
)
ISSUE = IssueView(number=47, slot="2026-11-23T07:00", date=datetime(2026, 11, 23, 7, tzinfo=ZONE))
MADE = Issue(
    id=7,
    newsletter="digest",
    cadence="daily",
    slot="2026-11-23T07:00",
    due=datetime(2026, 11, 22, 23, tzinfo=UTC),
    number=47,
    state=IssueState.HELD,
    opens=datetime(2026, 11, 22, 23, tzinfo=UTC),
    approved=True,
    audience=0,
    note="",
    created=datetime(2026, 11, 22, 23, tzinfo=UTC),
)
RECIPIENT = RecipientView(name="\ue0f0name\ue0f1", address="\ue0f0address\ue0f1")
PICTURE = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='1040' height='585'%3E"
    "%3Crect width='1040' height='585' fill='%238fa3ad'/%3E"
    "%3Cpath d='M0 430h1040v155H0z' fill='%23445964'/%3E"
    "%3Cpath d='M210 430l40-120h420l70 120z' fill='%232b3a42'/%3E"
    "%3Cpath d='M300 310v-90h90v90zm120 0v-60h160v60z' fill='%23b5462f'/%3E%3C/svg%3E"
)
PROSE = (
    "The night shift at the container yard agreed on Tuesday to a roster that gives every crane "
    "crew two days of rest in seven, the first such rule in the port's sixty years. "
    "It was written by the crews themselves, and the company signed it without a strike. "
    "What it costs, both sides say, is less than the accidents that it replaces. "
)


def article(number: int, title: str, **changes: object) -> Article:
    """Make a stored article; the number keeps its id and addresses apart from the others'."""
    instant = datetime(2026, 11, 22, 9, 30, tzinfo=UTC) - timedelta(hours=number)
    values: dict[str, object] = {
        "id": number,
        "source": "newsroom",
        "guid": f"article-{number}",
        "uri": f"tag:news.example.org,2026:{number}",
        "slug": f"article-{number}",
        "url": f"https://news.example.org/2026/11/22/article-{number}",
        "title": title,
        "summary": PROSE,
        "html": f"<p>{PROSE}</p>" * 4,
        "text": f"{PROSE}\n\n" * 4,
        "authors": (Person(name="Ines Duarte"),),
        "contributors": (),
        "tags": ("labour", "ports"),
        "section": "Ports",
        "published": instant,
        "updated": None,
        "first_seen": instant,
        "eligible": instant,
        "changed": instant,
        "language": "en",
        "image": None,
        "enclosures": (),
        "state": ArticleState.LIVE,
    }
    return Article(**(values | changes))  # type: ignore[arg-type]


ARTICLES = (
    article(
        1,
        "Crane Crews Win Two Days of Rest in Seven",
        image=PICTURE,
        authors=(Person(name="Ines Duarte"), Person(name="Wei Lan")),
    ),
    article(2, "Tugs <Queue> & \"Wait\" as Fog Closes the 'Long' Channel"),
    article(
        3,
        "港口工人签订新的轮班协议，六十年来首次保证每周两天休息",  # noqa: RUF001
        language="zh-Hans",
        summary="集装箱码头的夜班工人周二通过了一份新的轮班表，每个吊机班组七天之内休息两天。" * 4,  # noqa: RUF001
        authors=(Person(name="王小明"),),
    ),
    article(
        4,
        "عمال الميناء يوقعون اتفاقا جديدا للورديات",
        language="ar",
        section="Rails",
        summary="وافق عمال النوبة الليلية على جدول يمنح كل طاقم يومين من الراحة في الأسبوع. " * 3,
        authors=(Person(name="ليلى حداد"),),
    ),
    article(
        5,
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft at 100",
        section="Rails",
        summary="",
        url="https://news.example.org/" + "a-very-long-address-without-an-end/" * 5,
    ),
    article(6, "A Letter Without a Section", section=None, authors=()),
)


PHOTO = "https://news.example.org/crane.jpg"
TEXT = (
    "<h2>What the roster says</h2><p>It was <em>written</em> by "
    '<a href="https://news.example.org/crews">the crews</a> <a href="#note">themselves</a>.</p>'
    f'<figure><img src="{PHOTO}" width="1040" height="585"><figcaption>A crane</figcaption>'
    '</figure><p>Call <a href="tel:+4930">the yard</a>.</p><blockquote><p>Rest!</p></blockquote>'
    f"<pre>{'roster ' * 20}</pre><ul><li>One</li><li>Two</li></ul><table><tr>"
    f"{'<th>Crew</th><td>5/7</td>' * 2}</tr></table>"
    '<video src="https://news.example.org/v.mp4" controls></video>'
)
# With everything in their texts that can be in one; the first brings a picture besides.
RICH = tuple(
    replace(each, html=TEXT + each.html, image=f"{PHOTO}?large" if each.id == 1 else PHOTO)
    for each in ARTICLES
)
WHOLE = Extent(99, 99)


def digest(
    language: str = "en",
    articles: tuple[Article, ...] = ARTICLES,
    *parts: Part,
    extent: Extent = WHOLE,
    **changes: Any,
) -> dict[str, object]:
    """Give the whole context of a digest of these articles, as it is made, with three more.

    Changes are those of its newsletter.
    """
    newsletter = replace(NEWSLETTER, **changes)
    given = {
        "publication": PUBLICATION,
        "issue": MADE,
        "parts": parts or [Part(newsletter=newsletter, articles=articles)],
        "language": language,
    }
    made = contexts(Templates(None), **given)(extent)  # type: ignore[arg-type]
    return made | {
        "more": 3,
        "subject": "The Morning Tide: Crane Crews Win Two Days of Rest in Seven",
        "preheader": "Also: tugs queue in the fog, and a letter without a section.",
        "recipient": RECIPIENT,
        "unsubscribe_url": "https://news.example.org/u/\ue0f0token\ue0f1",
        "preferences_url": "https://news.example.org/preferences/\ue0f0token\ue0f1",
    }


def views(language: str = "en", articles: tuple[Article, ...] = ARTICLES) -> list[ArticleView]:
    """View the articles as a mail or page in the language shows them."""
    return [ArticleView.of(each, PUBLICATION, language) for each in articles]
