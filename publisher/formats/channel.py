"""What every format says of a feed: decided once, so that all formats say the same.

What a format module writes is a `Channel` and its `Entry`s. That is also the second wall:
articles come clean from ingest, yet whatever stands in one, what leaves here is text that XML
can carry, a title and a summary that are not empty, and instants in UTC without fractions. A
bad article costs itself some characters, never the whole feed its readers.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from publisher.model import Article, Enclosure, Feed, Issue, Person, Podcast, Publication

# XML 1.0 §2.2 Char: one character outside costs the feed every strict reader, in CDATA too.
_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# RFC 3987 §2.2 has no place for these anywhere in an IRI.
_NOT_IN_IRI = re.compile(r'[\s<>"{}|\\^`]')
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")  # RFC 6838 §4.2

_TITLE_CHARACTERS = 80
_SUMMARY_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One article as every format tells it.

    ``html`` is empty when only the summary is to be told; ``language`` is None when it is the
    channel's. ``updated`` is never before ``published``.
    """

    id: str
    is_permalink: bool
    url: str
    title: str
    summary: str
    html: str
    authors: tuple[Person, ...]
    contributors: tuple[Person, ...]
    categories: tuple[str, ...]
    published: datetime
    updated: datetime
    language: str | None
    image: str | None
    enclosures: tuple[Enclosure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An entry that has been withdrawn (RFC 6721)."""

    uri: str
    when: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How the document belongs to the feed's history (RFC 5005).

    ``previous`` is the address of the archive document with what came before; ``current``, only
    in archive documents, that of the feed's own. ``is_complete`` says that there is nothing else.
    """

    previous: str | None = None
    current: str | None = None
    is_complete: bool = False


_NO_HISTORY = History()


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A feed as every format tells it, all but its entries.

    ``home_url`` is the site and ``page_url`` the feed's page for people.
    """

    id: str
    title: str
    description: str
    language: str
    self_url: str
    publisher: Person
    home_url: str
    page_url: str
    updated: datetime
    rights: str = ""
    logo: str | None = None
    hub: str | None = None
    podcast: Podcast | None = None
    history: History = _NO_HISTORY
    tombstones: tuple[Tombstone, ...] = ()


def describe(
    feed: Feed,
    *,
    publication: Publication,
    self_url: str,
    updated: datetime,
    history: History = _NO_HISTORY,
    tombstones: Iterable[Tombstone] = (),
) -> Channel:
    """Say what is to be told of the feed.

    ``self_url`` is where readers fetch this very document. ``updated`` is the newest change of
    what is in the feed, of a withdrawal too; it is never the time of building, or each build
    would look like news.
    """
    home_url = _url(publication.base_url)
    title = _line(feed.title) or feed.slug
    return Channel(
        # One feed has one id in all its documents, wherever they are fetched from, so it is
        # made of the configured address and never of the requested one (RFC 4287 §4.2.6).
        id=f"{home_url}{feed.path}.atom",
        title=title,
        description=_line(feed.description) or title,  # RSS wants one that is not empty
        language=_line(feed.language),
        self_url=_url(self_url),
        publisher=Person(name=_line(publication.title) or home_url, url=home_url),
        home_url=home_url,
        page_url=home_url + feed.path,
        updated=_instant(updated),
        rights=_line(publication.rights),
        logo=_url(publication.logo or "") or None,
        hub=_url(publication.hub or "") or None,
        podcast=feed.podcast,
        history=history,
        tombstones=tuple(
            Tombstone(uri=_text(each.uri).strip(), when=_instant(each.when)) for each in tombstones
        ),
    )


def describe_article(feed: Feed, article: Article, *, publication: Publication) -> Entry:
    """Say what is to be told of an article in a feed."""
    url = _url(publication.article_url(article))
    # Compared byte by byte by readers for ever (RFC 4287 §4.2.6.1): not re-spelled as URLs are.
    identity = _text(article.uri).strip() or url
    summary = _text(article.summary).strip() or _opening(_line(article.text), _SUMMARY_CHARACTERS)
    title = _line(article.title) or _opening(_line(summary), _TITLE_CHARACTERS) or article.slug
    image = _url(article.image or "")
    language = _line(article.language)
    return Entry(
        id=identity,
        is_permalink=identity == url,
        url=url,
        title=title,
        summary=summary or title,
        html=_illustrated(_text(article.html), image) if feed.full else "",
        authors=_people(article.authors),
        contributors=_people(article.contributors),
        categories=_distinct([article.section or "", *article.tags]),
        published=_instant(article.dated),
        updated=_instant(_edited(article)),
        language=language if language and language != _line(feed.language) else None,
        image=image or None,
        enclosures=_enclosures(article.enclosures),
    )


def describe_issue(
    issue: Issue,
    *,
    subject: str,
    url: str,
    born: datetime,
    articles: Sequence[Article],
    publication: Publication,
) -> Entry:
    """Say what is to be told of a newsletter's issue: the articles that it told of.

    Its identity is made of when the site began (``born``) and of names that never change.
    """
    number = f"{issue.newsletter} {issue.number}"
    opened = _instant(issue.opens)
    lines = [
        f'<li><a href="{html.escape(_url(publication.article_url(article)))}">'
        f"{html.escape(_line(article.title))}</a><br>{html.escape(_line(article.summary))}</li>"
        for article in articles
    ]
    return Entry(
        id=uuid5(NAMESPACE_URL, f"{born.isoformat()} {number}").urn,
        is_permalink=False,
        url=_url(url),
        title=_line(subject) or number,
        summary=" · ".join(_line(article.title) for article in articles) or number,
        html=f"<ul>{''.join(lines)}</ul>" if lines else "",
        authors=(),
        contributors=(),
        categories=(),
        published=opened,
        updated=opened,
        language=None,
        image=None,
        enclosures=(),
    )


def _edited(article: Article) -> datetime:
    """Give the last significant edit, or the publication where there was none.

    To meet an article is not to edit it: were ``changed`` believed while it is our first
    sight, an archive loaded today would be told as edited today, all of it. No edit is later
    than the change that told us of it, whatever the source's clock says.
    """
    said = min(article.updated or article.dated, article.changed)
    seen = article.changed if article.changed > article.first_seen else article.dated
    return max(article.dated, said, seen)


def _illustrated(markup: str, image: str) -> str:
    """Put the image before a text that lacks it: many readers look for it nowhere else."""
    source = html.escape(image)
    if not image or source in markup:
        return markup
    return f'<p><img src="{source}" alt=""></p>\n{markup}'


def _people(people: Iterable[Person]) -> tuple[Person, ...]:
    """Keep those with a name, which every format requires (RFC 4287 §3.2.1)."""
    return tuple(
        Person(
            name=name,
            email=_mailbox(person.email or ""),
            url=_url(person.url or "") or None,
        )
        for person in people
        if (name := _line(person.name))
    )


def _mailbox(address: str) -> str | None:
    address = _line(address)
    return address if re.fullmatch(r".+@.+", address) else None  # RFC 4287 §3.2.3


def _enclosures(enclosures: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    return tuple(
        Enclosure(
            url=url,
            media_type=media_type
            if _MEDIA_TYPE.fullmatch(media_type := enclosure.media_type.strip())
            else "application/octet-stream",
            length_bytes=max(0, enclosure.length_bytes),
        )
        for enclosure in enclosures
        if (url := _url(enclosure.url))
    )


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in map(_line, names) if name))


def _instant(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _text(value: str) -> str:
    """Keep what XML can carry, with the line ends that its readers see (XML 1.0 §2.11)."""
    return _FORBIDDEN.sub("", value).replace("\r\n", "\n").replace("\r", "\n")


def _line(value: str) -> str:
    """Keep no-break spaces: they are part of how a title is set."""
    return re.sub(r"[ \t\n]+", " ", _text(value)).strip()


def _url(value: str) -> str:
    return _NOT_IN_IRI.sub(lambda found: quote(found[0]), _text(value).strip())


def _opening(text: str, limit: int) -> str:
    """Cut at a space if there is one: Chinese and Japanese have none to cut at."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    return (head.rpartition(" ")[0] or head).rstrip() + "…"
