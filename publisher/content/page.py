"""An HTML file as an article: what its metadata says, and its main text without the rest.

Metadata is looked for in JSON-LD, then in <meta>, then in <h1> and <title>. The main text is
the page's only <article> or <main>, else what trafilatura finds, else the body without its
furniture; a fragment without <html> or <body> is the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from urllib.parse import urljoin

import trafilatura

from publisher.content.characters import clean_line
from publisher.content.dates import read_date
from publisher.content.fields import is_language, is_web_url
from publisher.content.jsonld import read_linked
from publisher.content.manuscript import Manuscript
from publisher.content.tree import Element, inner_html, parse
from publisher.model import Person

_DOCUMENT = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_NEVER_TEXT = ("title", "script", "style", "template", "nav", "form", "button")
_FURNITURE = (*_NEVER_TEXT, "header", "footer", "aside")

# Below this trafilatura has fallen back to lumping all text into one paragraph.
_LEAST_EXTRACT_CHARACTERS = 250
_MOST_EXTRACT_CHARACTERS = 1_000_000


def read_page(text: str, zone: tzinfo) -> Manuscript:
    """Read an HTML page or fragment.

    The only <h1> of the main text is the title's place and is not repeated in the body.
    Raises ValueError with a sentence for a date that is none, or too deep a nesting.
    """
    is_page = _DOCUMENT.search(text) is not None
    root = parse(text, is_fragment=not is_page)
    linked = read_linked(
        [s.text or "" for s in root.xpath("//script[@type='application/ld+json']")]
    )
    meta = _Meta(root)
    url = _canonical(root)
    base = urljoin(url or "", next(iter(root.xpath("//base/@href")), "")) or None
    image = urljoin(base or "", linked.image() or meta.first("og:image") or "")
    heading = _heading(root) or _title(root)  # before the text is taken out of the tree
    return Manuscript(
        html=_main_text(root, text, url) if is_page else _text_of(root.find("body")),
        title=linked.line("headline", "name") or meta.first("og:title") or heading,
        summary=linked.line("description") or meta.first("og:description", "description"),
        url=url,
        base=base if base and is_web_url(base) else None,
        authors=linked.people("author") or meta.people("author", "article:author"),
        contributors=(*linked.people("contributor"), *linked.people("editor")),
        tags=linked.keywords() or meta.tags(),
        section=linked.line("articleSection") or meta.first("article:section"),
        published=_date("datePublished", linked.line("datePublished"), zone)
        or meta.date(zone, "article:published_time", "datepublished", "date", "dc.date"),
        updated=_date("dateModified", linked.line("dateModified"), zone)
        or meta.date(zone, "article:modified_time", "datemodified"),
        language=_language(linked.line("inLanguage"), root.get("lang")),
        image=image if is_web_url(image) else None,
    )


class _Meta:
    """The page's <meta> elements by name, property or itemprop, in small letters."""

    def __init__(self, root: Element) -> None:
        self._contents: dict[str, list[str]] = {}
        for element in root.iter("meta"):
            name = element.get("property") or element.get("name") or element.get("itemprop")
            content = clean_line(element.get("content", ""))
            if name and content:
                self._contents.setdefault(name.strip().lower(), []).append(content)

    def first(self, *names: str) -> str | None:
        return next((self._contents[name][0] for name in names if name in self._contents), None)

    def people(self, *names: str) -> tuple[Person, ...]:
        """Give the persons of the first name that has any; a profile's URL is no name."""
        for name in names:
            found = [c for c in self._contents.get(name, ()) if not is_web_url(c)]
            if found:
                return tuple(Person(name=content) for content in dict.fromkeys(found))
        return ()

    def tags(self) -> tuple[str, ...]:
        tags = self._contents.get("article:tag") or (self.first("keywords") or "").split(",")
        return tuple(dict.fromkeys(filter(None, map(clean_line, tags))))

    def date(self, zone: tzinfo, *names: str) -> datetime | None:
        name = next((name for name in names if name in self._contents), None)
        return _date(name, self.first(name), zone) if name else None


def _date(name: str, written: str | None, zone: tzinfo) -> datetime | None:
    if written is None:
        return None
    try:
        return read_date(written, zone)
    except ValueError as error:
        raise ValueError(
            f'the page\'s "{name}" is "{written}", which is no date;'
            " write 2026-11-23 or 2026-11-23T07:30"
        ) from error


def _canonical(root: Element) -> str | None:
    for link in root.iter("link"):
        href = link.get("href", "").strip()
        if "canonical" in link.get("rel", "").lower().split() and is_web_url(href):
            return str(href)
    return None


def _language(*tags: str | None) -> str | None:
    written = [(tag or "").strip().replace("_", "-") for tag in tags]
    return next(filter(is_language, written), None)


def _heading(root: Element) -> str | None:
    return next(filter(None, (clean_line(h1.text_content()) for h1 in root.iter("h1"))), None)


def _title(root: Element) -> str | None:
    return next(filter(None, (clean_line(t.text or "") for t in root.iter("title"))), None)


# --- the main text ----------------------------------------------------------------------


def _main_text(root: Element, text: str, url: str | None) -> str:
    for tag in ("article", "main"):
        found = list(root.iter(tag))
        if len(found) == 1 and found[0].find(".//p") is not None:
            return _text_of(found[0])
    if len(text) <= _MOST_EXTRACT_CHARACTERS:
        extract = trafilatura.extract(
            text,
            url=url,
            output_format="html",
            include_comments=False,
            include_formatting=True,
            include_images=True,
            include_links=True,
        )
        if extract and len(extract) >= _LEAST_EXTRACT_CHARACTERS:
            return _text_of(parse(extract, is_fragment=False).find("body"))
    return _text_of(root.find("body"), _FURNITURE)


def _text_of(element: Element | None, furniture: Iterable[str] = _NEVER_TEXT) -> str:
    """Write the element's content without furniture and without the title's heading."""
    if element is None:
        return ""
    for unwanted in list(element.iter(*furniture)):
        unwanted.drop_tree()
    headings = list(element.iter("h1"))
    if len(headings) == 1:
        headings[0].drop_tree()
    return inner_html(element).strip()
