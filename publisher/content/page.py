"""An HTML file as an article: what its metadata says, and its main text without the rest.

Metadata is looked for in JSON-LD, then in <meta>, then in <h1> and <title>. The main text is
the page's only <article> or <main>, else what trafilatura finds, else the body without its
furniture; a fragment without <html> or <body> is the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo

from publisher.content.characters import clean_line
from publisher.content.dates import read_date
from publisher.content.fields import is_language, is_web_url
from publisher.content.jsonld import Linked, read_linked
from publisher.content.links import absolute
from publisher.content.manuscript import Manuscript
from publisher.content.tree import Element, inner_html, parse
from publisher.model import Person

_DOCUMENT = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_NEVER_TEXT = ("title", "script", "style", "template", "nav", "form", "button")
_FURNITURE = (*_NEVER_TEXT, "header", "footer", "aside")

# Below this trafilatura has fallen back to lumping all text into one paragraph.
_LEAST_EXTRACT_CHARACTERS = 250
_MOST_EXTRACT_CHARACTERS = 1_000_000


def read_page(text: str, zone: tzinfo, address: str | None = None) -> Manuscript:
    """Read an HTML page or fragment.

    The only <h1> of the main text is the title's place and is not repeated in the body.
    ``address`` is where a page of the web was read. Raises ValueError with a sentence for too
    deep a nesting and, in a page without address, for a date that is none: a file's editor can
    mend that, while nobody here can mend a page of the web.
    """
    is_page = _DOCUMENT.search(text) is not None
    root = parse(text, is_fragment=not is_page)
    linked = read_linked(
        [s.text or "" for s in root.xpath("//script[@type='application/ld+json']")]
    )
    meta = _Meta(root)
    dates = _Dates(linked, meta, zone, is_strict=address is None)
    url = _canonical(root, address or "")
    here = address or url or ""
    base = absolute(next(iter(root.xpath("//base/@href")), ""), here) or here or None
    heading = _heading(root) or _title(root)  # before the text is taken out of the tree
    return Manuscript(
        html=_main_text(root, text) if is_page else _text_of(root.find("body")),
        title=linked.line("headline", "name") or meta.first("og:title") or heading,
        summary=linked.line("description") or meta.first("og:description", "description"),
        url=url,
        base=base,
        authors=linked.people("author") or meta.people("author", "article:author"),
        contributors=(*linked.people("contributor"), *linked.people("editor")),
        tags=linked.keywords() or meta.tags(),
        section=linked.line("articleSection") or meta.first("article:section"),
        published=dates.first(
            "datePublished", "article:published_time", "datepublished", "date", "dc.date"
        ),
        updated=dates.first("dateModified", "article:modified_time", "datemodified"),
        language=_language(linked.line("inLanguage"), root.get("lang")),
        image=absolute(linked.image() or meta.first("og:image") or "", base or ""),
    )


def forbids_indexing(text: str) -> bool:
    """Say whether the page's robots <meta> asks not to be shown elsewhere.

    Raises ValueError as `read_page` does.
    """
    meta = _Meta(parse(text, is_fragment=False))
    return any(map(is_noindex, meta.all("robots")))


def is_noindex(directives: str) -> bool:
    """Say the same of one list of directives, as X-Robots-Tag holds one too."""
    words = {word.strip().lower() for word in directives.split(",")}
    return not words.isdisjoint({"noindex", "none"})


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

    def all(self, name: str) -> list[str]:
        return self._contents.get(name, [])

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


class _Dates:
    """The page's dates, from JSON-LD's first name and then <meta>'s others."""

    def __init__(self, linked: Linked, meta: _Meta, zone: tzinfo, *, is_strict: bool) -> None:
        self._linked = linked
        self._meta = meta
        self._zone = zone
        self._is_strict = is_strict

    def first(self, linked: str, *names: str) -> datetime | None:
        written = {linked: self._linked.line(linked)}
        written |= {name: self._meta.first(name) for name in names}
        for name, date in written.items():
            if date is None:
                continue
            try:
                return read_date(date, self._zone)
            except ValueError as error:
                if self._is_strict:
                    raise ValueError(
                        f'the page\'s "{name}" is "{date}", which is no date;'
                        " write 2026-11-23 or 2026-11-23T07:30"
                    ) from error
        return None


def _canonical(root: Element, address: str) -> str | None:
    for link in root.iter("link"):
        url = absolute(link.get("href", ""), address)
        if url and "canonical" in link.get("rel", "").lower().split():
            return url
    return None


def _language(*tags: str | None) -> str | None:
    written = [(tag or "").strip().replace("_", "-") for tag in tags]
    return next(filter(is_language, written), None)


def _heading(root: Element) -> str | None:
    return next(filter(None, (clean_line(h1.text_content()) for h1 in root.iter("h1"))), None)


def _title(root: Element) -> str | None:
    return next(filter(None, (clean_line(t.text or "") for t in root.iter("title"))), None)


# --- the main text ----------------------------------------------------------------------


def _main_text(root: Element, text: str) -> str:
    for tag in ("article", "main"):
        found = list(root.iter(tag))
        if len(found) == 1 and found[0].find(".//p") is not None:
            return _text_of(found[0])
    if len(text) <= _MOST_EXTRACT_CHARACTERS:
        # Here, since it is large, and few pages have no <article>; none is read by a worker.
        import trafilatura

        # Given the page's URL it would resolve links against the host alone, so it is not.
        extract = trafilatura.extract(
            text,
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
