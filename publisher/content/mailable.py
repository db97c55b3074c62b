"""An article's HTML made fit for a mail: what mail programs show, and nothing that they mangle.

They run no media, know no `srcset`, have no ids to jump to (Gmail drops them, and several articles
share a mail), and Outlook takes the width of a picture from its attribute alone. Pure: what goes
in is an article's sanitised HTML, and nh3 has the last word here, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import nh3

from publisher.content.tree import Element, inner_html, parse

_TAGS = set(
    "a abbr b bdi bdo blockquote br caption cite code col colgroup dd del dfn div dl dt em"  # noqa: SIM905
    " h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong"
    " sub sup table tbody td tfoot th thead time tr u ul var wbr".split()
)
# Boxes that some programs drop with all that is in them; a mail has one way of showing them.
_BOXES = set(
    "address article aside details figure footer header main section".split()  # noqa: SIM905
)
_GONE = set(
    "button canvas embed form input math object script select style svg textarea track".split()  # noqa: SIM905
)
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "col": {"span"},
    "colgroup": {"span"},
    "img": {"alt", "height", "src", "width"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
# What the mail's sheet knows.
_CLASSES = {"div": {"wide"}, "img": {"large"}, "p": {"caption", "away"}}
_SCHEMES = {"http", "https", "mailto"}
_PIXELS = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


class Link(NamedTuple):
    """A link of a text, for those who read it without links."""

    words: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a mail says in the place of what it cannot play."""

    video: str
    audio: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a text says of a picture in it: "" and 0 where it does not."""

    alt: str
    width: int
    height: int


def mailable(html: str, *, width: int, words: Words) -> tuple[str, tuple[Link, ...]]:
    """Make sanitised HTML fit for a column of so many pixels.

    Gives its links as well, each address once. Headings begin at level 3 and skip none. A video, a
    recording and an embedded page become links; a table stands in a box that can be scrolled.
    Raises ValueError with a sentence when the HTML is nested too deeply.
    """
    body = parse(html, is_fragment=True).find("body")
    if body is None:
        return "", ()
    for element in list(body.iter()):
        # What stood in a video has gone with it.
        if element is not body and element.getparent() is not None:
            _fit(element, width, words)
    _shift(body)
    for table in list(body.iter("table")):
        if not any(each.tag == "table" for each in table.iterancestors()):
            _wrap(table)
    cleaned = nh3.clean(
        inner_html(body),
        tags=_TAGS,
        clean_content_tags=_GONE,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes=_SCHEMES,
        link_rel=None,
    )
    return cleaned, tuple(_links(body))


def listed(text: str, links: Iterable[Link]) -> str:
    """Write links below a plain text, each with its words, for those who read it without HTML."""
    lines = (
        f"{link.words}\n{link.url}" if link.words not in ("", link.url) else link.url
        for link in links
    )
    return "\n\n".join([text, *lines])


def picture(html: str, url: str) -> Picture | None:
    """Find what a text says of a picture at an address; None if it does not show it."""
    if url not in html.replace("&amp;", "&"):  # parsing takes its time
        return None
    try:
        root = parse(html, is_fragment=True)
    except ValueError:
        return None
    for img in root.iter("img"):
        if img.get("src") == url:
            return Picture(
                alt=img.get("alt", "").strip(),
                width=_pixels(img.get("width")),
                height=_pixels(img.get("height")),
            )
    return None


def _fit(element: Element, width: int, words: Words) -> None:
    element.attrib.pop("class", None)  # those of the mail's sheet are not for an article
    match element.tag:
        case "video":
            _link(element, words.video)
        case "audio":
            _link(element, words.audio)
        case "iframe":
            _link(element, element.get("title", "").strip() or element.get("src", ""))
        case "picture" | "source":  # to lxml, what stands behind a source is within it
            element.drop_tag()
        case "img":
            _size(element, width)
        case "figcaption":
            element.tag = "p"
            element.set("class", "caption")
        case "summary":
            element.tag = "p"
            bold = element.makeelement("strong")
            bold.text, element.text = element.text, None
            for child in list(element):
                bold.append(child)
            element.append(bold)
        case "a" if element.get("href", "").partition(":")[0].lower() not in _SCHEMES:
            element.drop_tag()
        case tag if tag in _BOXES:
            element.tag = "div"


def _link(element: Element, words: str) -> None:
    """Put a link in the place of what plays."""
    sources = [element.get("src"), *(each.get("src") for each in element.iter("source"))]
    url = next(filter(None, sources), None)
    for child in list(element):
        element.remove(child)
    element.text, tail = None, element.tail
    element.attrib.clear()
    element.tag = "p" if element.getparent().tag in ("body", "div") else "span"
    if element.tag == "p":
        element.set("class", "away")
    element.tail = tail
    if url:
        anchor = element.makeelement("a", href=url)
        anchor.text = words
        element.append(anchor)


def _size(img: Element, width: int) -> None:
    """Give a picture the width that it is to have, and the height that follows."""
    wide, high = _pixels(img.get("width")), _pixels(img.get("height"))
    for name in ("width", "height"):
        img.attrib.pop(name, None)
    if "alt" not in img.attrib:
        img.set("alt", "")
    if not wide:
        # Outlook would show it as large as it is; others go by the sheet, which only bounds it.
        img.set("width", str(width))
    else:
        img.set("width", str(min(wide, width)))
        if high:
            img.set("height", str(round(high * min(1, width / wide))))
    if not wide or wide > width // 3:
        img.set("class", "large")


def _pixels(text: str | None) -> int:
    found = _PIXELS.fullmatch(text or "")
    return int(found[1]) if found else 0


def _shift(body: Element) -> None:
    """Put the text's highest heading under a title of level 2, and the others below it."""
    found = list(body.iter(*_HEADINGS))
    levels = sorted({int(heading.tag[1]) for heading in found})
    for heading in found:
        level = 3 + levels.index(int(heading.tag[1]))
        heading.tag = f"h{min(level, 6)}"
    before = 2
    for heading in found:
        level = min(int(heading.tag[1]), before + 1)
        heading.tag, before = f"h{level}", level


def _wrap(table: Element) -> None:
    box = table.makeelement("div")
    box.set("class", "wide")
    table.addprevious(box)
    box.tail, table.tail = table.tail, None
    box.append(table)


def _links(body: Element) -> Iterator[Link]:
    seen: set[str] = set()
    for anchor in body.iter("a"):
        url = anchor.get("href", "")
        if url in seen or not url:
            continue
        seen.add(url)
        pictures: Iterable[str] = (img.get("alt", "") for img in anchor.iter("img"))
        yield Link(" ".join((anchor.text_content() or " ".join(pictures)).split()), url)
