"""Each rule finds what it is for, and leaves a good issue alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from publisher.mail.slots import END, START, Slot, marker
from publisher.model import Weight
from publisher.tokens import Purpose
from tests.preflight.sample import (
    ARTICLES,
    TOKENS,
    Change,
    broken,
    damaged,
    examined,
    made,
    rendition,
    rules,
    swap,
)

UNSUBSCRIBE = marker(Slot.UNSUBSCRIBE_URL)
OVERRIDE = "\N{RIGHT-TO-LEFT OVERRIDE}"


def preheaders(html: str) -> str:
    """Find the element that is the preheader."""
    return html[html.index('<div class="preheader"') : html.index("</div>") + 6]


def preheader(words: str) -> Change:
    """Say something else in the preheader, with nothing to fill it up."""
    return lambda html: re.sub(
        r'(<div class="preheader"[^>]*>)[^<]*', lambda found: found[1] + words, html
    )


def fill(kilobytes: int) -> Change:
    return swap("</body>", f"<p>{'ever so long ' * (kilobytes * 1000 // 13)}</p></body>")


@pytest.mark.parametrize("language", ["en", "ar", "zh-Hans", "de-CH"])
def test_good_issue_has_no_finding(language: str) -> None:
    assert [] == examined(made(rendition(language=language)))


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        (swap("</body>", "{{ oops }}</body>"), "slots", "template code is left over: {{ oops }}"),
        (swap("</body>", "{% if x %}</body>"), "slots", "template code is left over: {% if x %}"),
        (swap(UNSUBSCRIBE, "%EE%83%B0unsubscribe_url%EE%83%B1"), "slots", "marker was encoded"),
        (swap("</body>", START + "</body>"), "slots", "half a slot marker"),
        (swap("</body>", f"{START}NAME{END}</body>"), "slots", "unknown slot 'NAME'"),
        (swap("</body>", "<p>Dear None,</p></body>"), "slots", "a value is missing: “Dear None,”"),
        (swap('href="https', 'href="None" rel="https'), "slots", "missing in <a href>: None"),
        (fill(110), "size", "Gmail cuts it off at 102"),
        (swap('lang="en"', 'lang="de"'), "language", "says lang=de, and the mail is in en"),
        (swap('lang="en"', ""), "language", "<html> has no lang"),
        (swap('dir="ltr"', 'dir="rtl"'), "language", "says dir=rtl; en is written ltr"),
        (swap('dir="ltr"', ""), "language", "has no dir"),
        (swap('href="https', 'href="/a" rel="https'), "links", "<a href> is not absolute: /a"),
        (swap('href="https', 'href="" rel="https'), "links", "is not absolute: (empty)"),
        (swap('href="https', 'href="https://a b" rel="https'), "links", "holds a blank"),
        (swap('href="https', 'href="https://[a" rel="https'), "links", "is no address"),
        (swap('href="https', 'href="javascript:0" rel="https'), "links", "is neither http"),
        (swap('href="https', 'href="http://localhost:8000/" rel="h'), "links", "own machine"),
        (swap('href="https', 'href="http://127.0.0.2/" rel="h'), "links", "own machine"),
        (swap('src="https', 'src="data:image/png;base64,AA" rel="h'), "links", "<img src> is n"),
        (swap('src="https', 'src="mailto:a@example.org" rel="h'), "links", "<img src> is neither"),
        (lambda _: "", "message", "its HTML cannot be read"),
        (swap("</body>", "<i>" * 300 + "</body>"), "message", "nested more than 250 levels"),
    ],
)
def test_html_is_blocked(change: Change, rule: str, words: str) -> None:
    findings = broken(html=change)

    found = [finding for finding in findings if finding.rule == rule]
    assert words in str(found)
    assert {Weight.BLOCK} == {finding.weight for finding in found}


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        (fill(75), "size", "Gmail cuts it off at 102"),
        (swap(' alt="', ' title="'), "alt", "1 picture has no alt text"),
        (swap(' width="520"', ""), "alt", "1 picture has no width: “https://news"),
        (lambda html: html.replace("#5f5f5d", "#999"), "contrast", "#999999 on #ffffff has a con"),
        (preheader(""), "preheader", "the preheader is empty"),
        (preheader("Briefly."), "preheader", "is short and not filled up"),
        (lambda html: html.replace(preheaders(html), ""), "preheader", "there is no preheader"),
    ],
)
def test_html_is_warned_of(change: Change, rule: str, words: str) -> None:
    (finding,) = broken(html=change)

    assert (rule, Weight.WARN) == (finding.rule, finding.weight)
    assert words in finding.words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: "\n", "the text part is empty"),
        (swap("Fog Closes", "Smog Closes"), "has these titles, the text part not: “Tugs <Queue>"),
        (swap(ARTICLES[0].url or "", ""), "has these links, the text part not: “https://news.exa"),
        (swap(marker(Slot.PREFERENCES_URL), ""), "has these links, the text part not: “https://n"),
    ],
)
def test_text_that_says_less_is_blocked(change: Change, words: str) -> None:
    findings = [finding for finding in broken(text=change) if finding.rule == "text"]

    assert words in str(findings)
    assert [("text", "block")] == rules(findings)


@pytest.mark.parametrize(
    ("subject", "weight", "words"),
    [
        (" ", "block", "the subject is empty"),
        (f"Five{OVERRIDE} stories", "block", "turns the direction of writing"),
        ("Five\N{LEFT-TO-RIGHT ISOLATE} stories", "block", "turns the direction of writing"),
        ("Five\x07 stories", "block", "the subject holds a control character"),
        ("n" * 79, "warn", "the subject is 79 columns long"),
        ("港" * 40, "warn", "the subject is 80 columns long"),
    ],
)
def test_subject(subject: str, weight: str, words: str) -> None:
    findings = [finding for finding in broken(subject=subject) if finding.rule == "subject"]

    assert words in str(findings)
    assert [("subject", weight)] == rules(findings)


@pytest.mark.parametrize(
    "subject", ["n" * 78, "\N{LEFT-TO-RIGHT ISOLATE}ok\N{POP DIRECTIONAL ISOLATE}"]
)
def test_subject_that_is_right(subject: str) -> None:
    assert [] == broken(subject=subject)


OTHERS_MAIL = b">, <mailto:bounce+b@example.org?subject=unsubscribe>\r\nList-Unsubscribe-P"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.replace(b"List-Unsubscribe:", b"X-Unsubscribe:"), "Unsubscribe is missing"),
        (lambda m: m.replace(b"List-Unsubscribe-Post:", b"X-Post:"), "Unsubscribe-Post is missing"),
        (lambda m: m.replace(b"ribe: <", b"ribe:\r\n <"), "List-Unsubscribe is folded or encoded"),
        (lambda m: m.replace(b"=One-Click", b"=Two"), "does not say List-Unsubscribe=One-Click"),
        (lambda m: m.replace(b"/u/", b"/v/"), "does not lead to this site's"),
        (lambda m: m.replace(b"/u/a", b"/u/b"), "is not signed by this site"),
        (lambda m: b"List-Unsubscribe: <>\r\n" + m, "List-Unsubscribe is there 2 times"),
        (
            lambda m: m.replace(b">\r\nList-Unsubscribe-P", OTHERS_MAIL, 1),
            "asks for leaves nothing",
        ),
        (lambda m: m.replace(own(1), own(3)), "would end somebody else's subscription"),
        (lambda m: m.replace(own(1), own(1, "preferences")), "is not signed by this site"),
        (lambda m: b"".join(m.rsplit(own(1), 1)), "link is not in the HTML part"),
        (lambda m: m.replace(b"\r\n" + own(1), b"", 1), "link is not in the text part"),
    ],
)
def test_unsubscribing_that_does_not_work_is_blocked(
    change: Callable[[bytes], bytes], words: str
) -> None:
    findings = damaged(change)

    assert words in str(findings)
    assert {("unsubscribe", "block", "the mail to reader1@example.org")} == {
        (finding.rule, finding.weight, finding.where) for finding in findings
    }


def own(subscription: int, purpose: str = "unsubscribe") -> bytes:
    not_kept = 0  # the id of a rendition that is only examined
    token = TOKENS.sign(Purpose(purpose), subscription, not_kept)
    return f"https://news.example.org/u/{token}".encode()
