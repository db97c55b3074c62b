from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from publisher.app.coming import Read
from publisher.capture import CaughtContent, CaughtMail
from publisher.model import Cadence, OwnTime, Selection, Topic, Weight, Wishes
from publisher.preflight import Finding
from publisher.preview.checking import Checked
from publisher.preview.page import Asked, Fault, Part, Shown
from publisher.render import RecipientView, Templates, inline
from publisher.render.filters import direction
from publisher.render.zones import zones
from publisher.store.corrections import Correction
from publisher.store.personal import Receipt
from publisher.web.api.document import openapi
from publisher.web.api.page import readable
from publisher.web.archive import Row
from publisher.web.blank import Blank
from publisher.web.mailpage import MailPage
from tests.rig import chromium, samples
from tests.rig.chromium import Measure

ADDRESS = "a.reader.with.quite.a.long.name@subdomain.of.a.long.example.org"


def mails(templates: Templates) -> dict[str, str]:
    filled = {"recipient": RecipientView(name="", address=ADDRESS)}
    bare = {"preferences_url": "", "browser_url": "", "more": 0}
    confirm = {
        "publication": samples.PUBLICATION,
        "newsletter": samples.NEWSLETTER,
        "language": "en",
        "subject": "Confirm your subscription",
        "preheader": "One press, and The Morning Tide is yours.",
        "confirm_url": "https://news.example.org/confirm/token",
    }
    links = {
        "unsubscribe_url": "https://news.example.org/u/token",
        "preferences_url": "https://news.example.org/preferences/token",
    }
    digest = samples.digest() | filled
    designs = {
        f"{design}-{language}": inline(
            templates.html(
                f"email/{design}.html",
                **samples.digest(language, samples.RICH, template=design, reading_time=True),
            )
        )
        for design, language in itertools.product(("plain", "full", "instant"), ("en", "ar"))
    }
    return designs | {
        "digest": inline(templates.html("email/digest.html", **digest)),
        "digest-ar": inline(templates.html("email/digest.html", **samples.digest("ar") | filled)),
        "digest-empty-footer": inline(templates.html("email/digest.html", **digest | bare)),
        "confirm": inline(templates.html("email/confirm.html", **confirm)),
        "subscribed": inline(templates.html("email/subscribed.html", **confirm | links)),
    }


def issue(templates: Templates, language: str) -> dict[str, object]:
    """Give what the page of an issue in this language gets besides what all pages get."""
    mail = mails(templates)["digest" if language == "en" else f"digest-{language}"]
    address = "https://news.example.org/newsletters/digest/issues/"
    return {
        "newsletter": samples.NEWSLETTER,
        "mail": MailPage.cut(mail, language, direction(language)),
        "issue": replace(samples.ISSUE, subject="Crane Crews Win", url=f"{address}47"),
        "description": samples.PROSE,
        "image": samples.PICTURE,
        "withdrawn": 2,
        "correction": Correction(issue=47, sent_as=48, note="", created=samples.ISSUE.date),
        "note": Markup("<p>It was eighteen. <a href='https://example.org'>More</a></p>"),
        "modified": samples.ISSUE.date,
        "previous": replace(samples.ISSUE, number=46, url=f"{address}46"),
        "next": replace(samples.ISSUE, number=48, url=f"{address}48"),
        "structured": {"name": "</script>"},
    }


def pages(templates: Templates) -> dict[str, str]:
    articles = samples.views()
    about = {"newsletter": samples.NEWSLETTER, "several": (), "address": ADDRESS}
    subject = "مرحبا <b>"
    caught = CaughtMail(
        id="1",
        received=datetime(2026, 11, 23, tzinfo=UTC),
        sender="news@example.org",
        recipient=ADDRESS,
        subject=subject,
        size_bytes=1000,
    )
    unsubscribe = f"<https://news.example.org/u/{'x' * 80}>"
    content = CaughtContent(
        headers=(("Subject", subject), ("List-Unsubscribe", unsubscribe)),
        html='<p style="color: red">"Hello"</p>',
        text="Hello, " + "x" * 100,
        raw=b"",
    )
    row = Row(
        number=47,
        cadence="daily",
        date=samples.ISSUE.date,
        subject="Crane Crews Win",
        titles=tuple(article.title for article in samples.ARTICLES[1:5]),
        url="https://news.example.org/newsletters/digest/issues/47",
    )
    gone = replace(row, number=46, subject="", titles=(), url="")
    address = "https://news.example.org/feeds/all.rss"
    feed = {
        "feed": samples.FEED,
        "readers": {"Feedly": address},
        "newsletter": None,
        "issues": [],
        "articles": [],
    }
    here = {"here": "/preferences/token"}
    receipt = Receipt(
        id=7, hash="5f" * 32, wanted_by="person", counts={}, created=samples.ISSUE.date
    )
    choosy = replace(
        samples.NEWSLETTER,
        topics=(Topic(slug="ports", title="Ports & Docks", select=Selection()),),
    )
    form = Blank(
        action="/newsletters/digest",
        stamp="x" * 36,
        wording="We send it to you.",
        languages=[("en", "English"), ("ar", "العربية")],
        wishes=Wishes(cadence="daily"),
        address="ana",
        fault="address",
    )
    context: dict[str, dict[str, object]] = {
        "home": {
            "feeds": [samples.FEED],
            "newsletters": [samples.NEWSLETTER],
            "articles": articles,
        },
        "feed": feed | {"articles": articles},
        "article": {"article": articles[0]},
        "newsletter": {
            "newsletter": samples.NEWSLETTER,
            "issues": [row, gone],
            "page": 2,
            "pages": 3,
            "form": None,
        },
        "issue": issue(templates, "en"),
        "unsubscribe": about | {"several": [samples.NEWSLETTER] * 2},
        "unsubscribed": about | {"undo_url": "/undo/token"},
        "confirm": about | {"wording": "You agree."},
        "signup": {"newsletter": choosy, "form": form, "is_framed": False},
        "asked": about | {"is_framed": False},
        "later": about | {"is_framed": False},
        "embed": {
            "newsletter": samples.NEWSLETTER,
            "codes": {"form": f"<form action='{'x' * 80}'>", "frame": "<iframe>"},
        },
        "confirmed": about,
        "preferences": {
            **about,
            "newsletter": replace(
                samples.NEWSLETTER,
                cadences=(
                    Cadence(name="daily", cron="0 7 * * *", own_time=True),
                    Cadence(name="instant", cron=None),
                ),
                topics=(Topic(slug="ports", title="Ports & Docks", select=Selection()),),
            ),
            "wishes": Wishes(
                cadence="daily",
                topics=("ports",),
                own_time=OwnTime(hour=7, zone=ZoneInfo("Asia/Tokyo")),
            ),
            "languages": [("en", "English"), ("ar", "العربية")],
            "zones": zones("en"),
            "pause": "2026-12-24",
            "tomorrow": "2026-11-24",
            "is_saved": True,
            "unsubscribe_url": "https://news.example.org/u/token",
            "here": "/preferences/token",
        },
        "resubscribed": about | {"several": [samples.NEWSLETTER] * 2},
        "address": about | here | {"typed": ADDRESS, "is_asked": False},
        "data": about | here,
        "erase": about | here,
        "erased": {"receipt": receipt},
        "move": about | {"is_done": False},
        "keep": about | {"is_done": False},
        "not_found": {},
        "badlink": {"has_ended": False, "newsletter": None, "undoes": False},
        "no_feed": {"ended": None, "feeds": [samples.FEED] * 3},
        "api": readable(openapi(samples.PUBLICATION, has_pushing=True)),
        "caught": {"mails": [caught]},
        "caught_mail": {"id": "1", "content": content},
    }
    site = {
        "publication": samples.PUBLICATION,
        "language": "en",
        "discovered": [samples.FEED],
    }
    rendered = {
        f"web/{name}": templates.html(f"web/{name}.html", **site, **given)
        for name, given in context.items()
    }
    arabic = site | {"language": "ar"}
    home = arabic | context["home"]
    empty = site | {"feeds": [], "newsletters": [], "articles": []}
    return (
        rendered
        | previews(templates)
        | {
            "web/home-ar": templates.html("web/home.html", **home),
            "web/newsletter-ar": templates.html(
                "web/newsletter.html", **arabic, **context["newsletter"]
            ),
            "web/newsletter-form-ar": templates.html(
                "web/newsletter.html",
                **arabic,
                **context["newsletter"] | {"newsletter": choosy, "form": form},
            ),
            "web/signup-framed": templates.html(
                "web/signup.html",
                **site,
                newsletter=choosy,
                form=replace(form, fault="again", challenge="/altcha", action="/digest/form"),
                is_framed=True,
            ),
            "web/newsletter-empty": templates.html(
                "web/newsletter.html",
                **site,
                **context["newsletter"] | {"issues": [], "page": 1, "pages": 1},
            ),
            "web/issue-ar": templates.html("web/issue.html", **arabic, **issue(templates, "ar")),
            "web/unsubscribe-one": templates.html("web/unsubscribe.html", **site, **about),
            "web/address-asked": templates.html(
                "web/address.html", **arabic, **about, **here, typed=ADDRESS, is_asked=True
            ),
            "web/move-done": templates.html("web/move.html", **site, **about, is_done=True),
            "web/keep-done": templates.html("web/keep.html", **site, **about, is_done=True),
            **{
                f"web/badlink-{name}": templates.html(
                    "web/badlink.html",
                    **site,
                    has_ended=True,
                    newsletter=samples.NEWSLETTER,
                    undoes=undoes,
                )
                for name, undoes in (("ended", False), ("undo", True))
            },
            "web/home-empty": templates.html("web/home.html", **empty),
            "web/feed-issues": templates.html(
                "web/feed.html",
                **site,
                **feed | {"newsletter": samples.NEWSLETTER, "issues": [row]},
            ),
            "web/no_feed-ended": templates.html(
                "web/no_feed.html", **site, ended=samples.FEED, feeds=[samples.FEED]
            ),
        }
    )


def previews(templates: Templates) -> dict[str, str]:
    mail = Read(
        sender="Harbour & Line <news@example.org>",
        recipient=ADDRESS,
        subject="مرحبا <b>",
        html=mails(templates)["digest"],
        text="Hello, " + "x" * 100,
        raw=b"Subject: Hello\r\n\r\n" + b"x" * 100,
    )
    finding = Finding(
        rule="links",
        weight=Weight.BLOCK,
        words=f"<a href> is not absolute: {ADDRESS}",
        where="HTML, en",
    )
    whole = Shown(newsletter=samples.NEWSLETTER, cadence="daily", mail=mail)
    fault = Fault(
        title="A template has a fault",
        reasons=["email/digest.html:2: nothing here is called 'titel'; there are articles, issue"],
        lines=[(1, "{% extends %}", False), (2, "{{ titel }} " + "x" * 200, True)],
    )
    checked = Checked(mails=20, findings=[finding], unasked=["spam: it is not installed"])
    cases = {
        "html": (Asked(is_narrow=True), whole),
        "text": (Asked(part=Part.TEXT), whole),
        "source": (Asked(part=Part.SOURCE), whole),
        "findings": (Asked(part=Part.FINDINGS), replace(whole, checked=checked)),
        "unknown": (Asked(reader=ADDRESS), replace(whole, is_known=False, mail=None)),
        "fault": (Asked(is_dark=True), Shown(fault=fault)),
    }
    return {
        f"preview/{name}": templates.html(
            "preview/page.html",
            language="en",
            slug="digest",
            seen="0",
            parts=list(Part),
            asked=asked,
            shown=shown,
        )
        for name, (asked, shown) in cases.items()
    }


@pytest.fixture(scope="session")
def measured(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[tuple[str, int, bool], Measure]:
    """Every mail and page, by name, width and whether dark; two starts of the browser."""
    browser = chromium.find()
    if browser is None:
        pytest.skip("no Chromium on this machine")
    scratch = tmp_path_factory.mktemp("chromium")
    templates = Templates(None)
    everything = mails(templates) | pages(templates)
    return {
        (name, width, dark): measure
        for dark in (False, True)
        for (name, width), measure in chromium.measure(
            browser, everything, (320, 360, 600), dark=dark, scratch=scratch
        ).items()
    }
