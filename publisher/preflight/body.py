"""Rules on the two bodies of a mail: what is left over, missing, too big, or not said twice."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from html import escape
from urllib.parse import urlsplit

from publisher.content.tree import Element
from publisher.mail.slots import END, START, Slot, split
from publisher.preflight.finding import Flaw
from publisher.preflight.specimen import Context, Reading
from publisher.render.filters import direction
from publisher.room import MANY_HTML_BYTES, MAX_HTML_BYTES

_EXAMPLES = 3  # of one kind of flaw; the rest is counted

_JINJA = ("{{", "{%", "{#")
_MARKERS = re.compile(f"[{START}{END}]|%EE%83%B[01]|&#(?:x0*e0f[01]|0*5758[45]);", re.IGNORECASE)
# "Dear None," and an address that is nothing else: what a lost value leaves where it stood.
_NOTHING = re.compile(r"(?:\w+[ ,]+){0,2}(?:None|undefined|null|NaN)[\s,.:;!]*")
_NOTHING_IN_ADDRESS = re.compile(r"(?:.*[/=])?(?:None|undefined|null|NaN)/?(?:[?&#].*)?")

# Characters that fill the room behind a preheader without being seen.
_FILLERS = re.compile("[\u00a0\u00ad\u034f\u180e\u2007\u200b-\u200f\u2060\ufeff\\s]+")
_PREHEADER_COLUMNS = 100  # so much beside a subject is shown by nearly every program
_HIDDEN = re.compile(r"display:\s*none|max-height:\s*0|font-size:\s*[01]px|opacity:\s*0(?![.\d])")


def slots(reading: Reading, _: Context) -> Iterator[Flaw]:
    """Nothing of the making is left: no marker, no template code, no value that was lost."""
    rendition = reading.rendition
    parts = {"subject": rendition.subject, "HTML": rendition.html, "text": rendition.text}
    for part, body in parts.items():
        try:
            said = "".join(piece for piece in split(body) if not isinstance(piece, Slot))
        except ValueError as error:
            yield Flaw(str(error), reading.place(part))
            continue
        if _MARKERS.search(said):
            yield Flaw(
                "a slot marker was encoded, so that no value takes its place", reading.place(part)
            )
        for mark in _JINJA:
            # An article may well be about templates; then it is not for us to say whose it is.
            if mark in said and mark not in reading.material:
                around = " ".join(said[said.index(mark) :][:40].split())
                yield Flaw(f"template code is left over: {around}", reading.place(part))
    for text in _pieces(reading):
        if _NOTHING.fullmatch(text) and text not in reading.material:
            yield Flaw(f"a value is missing: “{text}”", reading.place("HTML"))
    for element, name, address in _addresses(reading.page):
        if _NOTHING_IN_ADDRESS.fullmatch(address):
            yield Flaw(
                f"a value is missing in <{element.tag} {name}>: {address}", reading.place("HTML")
            )
    for copy in reading.opened:
        if START in copy.html + copy.text or END in copy.html + copy.text:
            yield Flaw("a slot marker is left", copy.place)


def _pieces(reading: Reading) -> Iterator[str]:
    """Give each stretch of text between two tags, and each line of the text part."""
    for text in reading.page.itertext():
        if stripped := text.strip():
            yield stripped
    yield from (line.strip() for line in reading.text.splitlines() if line.strip())


def size(reading: Reading, _: Context) -> Iterator[Flaw]:
    """No mail is so large that Gmail clips it, with the unsubscribe link at its end."""
    for copy in reading.opened:
        found = len(copy.html_bytes)
        told = f"the HTML is {found / 1000:.0f} kB; Gmail cuts it off at {MAX_HTML_BYTES // 1000}"
        if found > MAX_HTML_BYTES:
            yield Flaw(told, reading.place("HTML"))
        elif found > MANY_HTML_BYTES:
            yield Flaw(told, reading.place("HTML"), is_slight=True)


def alt(reading: Reading, _: Context) -> Iterator[Flaw]:
    """Every picture says what it shows to those who do not see it, and how wide it is."""
    lacking = {"alt": "no alt text", "width": "no width"}
    for name, words in lacking.items():
        found = [img.get("src", "") for img in reading.page.iter("img") if img.get(name) is None]
        if found:
            count = "1 picture has" if len(found) == 1 else f"{len(found)} pictures have"
            yield Flaw(f"{count} {words}: {_some(found)}", reading.place("HTML"))


def language(reading: Reading, _: Context) -> Iterator[Flaw]:
    """The page says which language it is in and which way that is written."""
    wanted = reading.rendition.language
    place = reading.place("HTML")
    lang, dir_ = reading.page.get("lang", ""), reading.page.get("dir", "")
    if not lang:
        yield Flaw("<html> has no lang", place)
    elif _primary(lang) != _primary(wanted):
        yield Flaw(f"<html> says lang={lang}, and the mail is in {wanted}", place)
    if dir_ != direction(wanted):
        said = f"says dir={dir_}" if dir_ else "has no dir"
        yield Flaw(f"<html> {said}; {wanted} is written {direction(wanted)}", place)


def _primary(tag: str) -> str:
    return re.split("[-_]", tag.lower())[0]


def text(reading: Reading, context: Context) -> Iterator[Flaw]:
    """Who reads plain text is told the same: each title, and each link but those of articles."""
    place = reading.place("text")
    said = _squeezed(reading.text)
    if not said:
        yield Flaw("the text part is empty", place)
        return
    shown = _squeezed(reading.page.text_content())
    links = [address for _, name, address in _addresses(reading.page, "href")]
    own = "\n".join(one.html for one in reading.articles)
    titles = [one.title for one in reading.articles if _squeezed(one.title) in shown]
    absent = [title for title in titles if _squeezed(title) not in said]
    if absent:
        yield Flaw(f"the HTML part has these titles, the text part not: {_some(absent)}", place)
    pages = {context.publication.article_url(one) for one in reading.articles}
    absent = [
        link
        for link in dict.fromkeys(links)
        if link.startswith("http")
        and _squeezed(link) not in said
        and (link in pages or escape(link) not in own)
    ]
    if absent:
        yield Flaw(f"the HTML part has these links, the text part not: {_some(absent)}", place)


def links(reading: Reading, context: Context) -> Iterator[Flaw]:
    """Every address can be followed from a mailbox: absolute, whole, and on no private machine."""
    is_tried_out = _is_local(context.publication.base_url)
    for element, name, address in _addresses(reading.page):
        fault = _unusable(address, is_link=name == "href")
        if not fault and _is_local(address) and not is_tried_out:
            fault = "leads to the reader's own machine"
        if fault:
            shown = address.strip() or "(empty)"
            yield Flaw(f"<{element.tag} {name}> {fault}: {shown[:120]}", reading.place("HTML"))


def _unusable(address: str, *, is_link: bool) -> str:
    """Say why an address leads nowhere from a mail; "" if it does."""
    if re.search(r"\s", address):
        return "holds a blank"
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return "is no address"
    if parts.scheme in ("http", "https") and host:
        return ""
    if is_link and parts.scheme == "mailto" and "@" in parts.path:
        return ""
    return "is not absolute" if not parts.scheme else "is neither http, https nor mailto"


def _is_local(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def preheader(reading: Reading, _: Context) -> Iterator[Flaw]:
    """The line beside the subject is ours, and not whatever the mail happens to begin with."""
    place = reading.place("HTML")
    hidden = _first_text(reading.page)
    if hidden is None or not _HIDDEN.search(hidden.get("style", "")):
        yield Flaw("there is no preheader: programs show the mail's first words instead", place)
        return
    content = hidden.text_content()
    said = _FILLERS.sub(" ", content).strip()
    if not said:
        yield Flaw("the preheader is empty", place)
    elif len(content) < _PREHEADER_COLUMNS:
        yield Flaw(
            "the preheader is short and not filled up: the mail's first words show behind it", place
        )


def _first_text(page: Element) -> Element | None:
    """Find the element that holds the first text of the body."""
    body = page.find("body")
    for element in () if body is None else body.iter():
        is_hidden = _HIDDEN.search(element.get("style", ""))
        if is_hidden or (element.text or "").strip() or element.tag == "img":
            return element
    return None


def _addresses(page: Element, *names: str) -> Iterator[tuple[Element, str, str]]:
    """Give each link and source of a page: its element, the attribute's name, and its value."""
    for element in page.iter():
        for name in names or ("href", "src", "background"):
            if (address := element.get(name)) is not None:
                yield element, name, address


def _squeezed(text: str) -> str:
    """Take out all blanks: wrapping puts them where there were none."""
    return "".join(text.split())


def _some(found: list[str]) -> str:
    shown = ", ".join(f"“{each[:80]}”" for each in found[:_EXAMPLES])
    more = len(found) - _EXAMPLES
    return f"{shown} and {more} more" if more > 0 else shown
