"""What every format says of a feed: decided once, so that all formats say the same.

What a format module writes is a `Channel` and its `Entry`s. What leaves here is text that XML
can carry, a title and a summary that are not empty, addresses that are absolute, and instants
in UTC without fractions. A bad article costs itself some characters, never the whole feed its
readers.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from publisher.formats.clean import Cleaner, instant, opening
from publisher.model import Article, Enclosure, Feed, Issue, Person, Podcast, Publication

# What the media types of files begin with that are listened to or watched.
PLAYABLE = ("audio/", "video/")

_TITLE_CHARACTERS = 80
_SUMMARY_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One article as every format tells it.

    ``html`` is empty when only the summary is to be told; ``language`` is None when it is the
    channel's. ``updated`` is never before ``published``. Of the enclosures, what can be played
    comes first. ``dropped`` is what the article has and no document can carry.
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
    dropped: tuple[str, ...] = ()


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

    ``self_url`` is where the document is fetched, ``home_url`` the site. ``first_url`` is the
    feed's first address, without the ending that names a format: it outlives other names, and
    identities are made of it.
    """

    title: str
    description: str
    language: str
    self_url: str
    first_url: str
    publisher: Person
    home_url: str
    stylesheet_url: str
    updated: datetime
    rights: str = ""
    logo: str | None = None
    hub: str | None = None
    podcast: Podcast | None = None
    history: History = _NO_HISTORY
    tombstones: tuple[Tombstone, ...] = ()

    @property
    def id(self) -> str:
        """The feed's identity, in Atom."""
        return f"{self.first_url}.atom"


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
    clean = Cleaner()
    home_url = clean.url(publication.base_url)
    title = clean.line(feed.title) or feed.slug
    return Channel(
        title=title,
        description=clean.line(feed.description) or title,  # RSS wants one that is not empty
        language=clean.language(feed.language),
        self_url=clean.url(self_url),
        # A feed stays the same when it moves, and has one identity in all its documents,
        # wherever they are fetched from (RFC 4287 §4.2.6): never of the requested address.
        first_url=clean.url(f"{home_url}/feeds/{quote(feed.first_slug)}"),
        publisher=Person(name=clean.line(publication.title) or home_url, url=home_url),
        home_url=home_url,
        stylesheet_url=f"{home_url}/feeds.css",
        updated=instant(updated),
        rights=clean.line(publication.rights),
        logo=clean.url(publication.logo) or None,
        # Of archives there is no news: who is to be told of any asks for the feed itself.
        hub=None if history.current else clean.url(publication.hub) or None,
        podcast=feed.podcast and _podcast(clean, feed.podcast),
        history=history,
        tombstones=_tombstones(clean, tombstones),
    )


def describe_article(feed: Feed, article: Article, *, publication: Publication) -> Entry:
    """Say what is to be told of an article in a feed."""
    clean = Cleaner()
    url = _page(clean, article, publication)
    # Compared byte by byte by readers for ever (RFC 4287 §4.2.6.1): not re-spelled as URLs are.
    identity = clean.text(article.uri).strip() or url
    summary = clean.text(article.summary).strip()
    summary = summary or opening(clean.line(article.text), _SUMMARY_CHARACTERS)
    title = clean.line(article.title) or opening(clean.line(summary), _TITLE_CHARACTERS)
    title = title or clean.line(article.slug) or url
    image = clean.url(article.image)
    language = clean.language(article.language)
    return Entry(
        id=identity,
        is_permalink=identity == url,
        url=url,
        title=title,
        summary=summary or title,
        html=_illustrated(clean.text(article.html), image) if feed.full else "",
        authors=_people(clean, article.authors),
        contributors=_people(clean, article.contributors),
        categories=clean.lines([article.section or "", *article.tags]),
        published=instant(article.dated),
        updated=instant(_edited(article)),
        language=language if language and language != clean.line(feed.language) else None,
        image=image or None,
        enclosures=_enclosures(clean, article.enclosures),
        dropped=clean.dropped,
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
    clean = Cleaner()
    number = f"{issue.newsletter} {issue.number}"
    opened = instant(issue.opens)
    lines = [
        f'<li><a href="{html.escape(_page(clean, article, publication))}">'
        f"{html.escape(clean.line(article.title))}</a>"
        f"<br>{html.escape(clean.line(article.summary))}</li>"
        for article in articles
    ]
    return Entry(
        id=uuid5(NAMESPACE_URL, f"{born.isoformat()} {number}").urn,
        is_permalink=False,
        url=clean.url(url),
        title=clean.line(subject) or number,
        summary=" · ".join(clean.lines(article.title for article in articles)) or number,
        html=f"<ul>{''.join(lines)}</ul>" if lines else "",
        authors=(),
        contributors=(),
        categories=(),
        published=opened,
        updated=opened,
        language=None,
        image=None,
        enclosures=(),
        dropped=clean.dropped,
    )


def _page(clean: Cleaner, article: Article, publication: Publication) -> str:
    """Give the page of an article: ours where its own has no address to speak of."""
    own = replace(article, url=clean.url(article.url) or None)
    return clean.url(publication.article_url(own))


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


def _people(clean: Cleaner, people: Iterable[Person]) -> tuple[Person, ...]:
    """Keep those with a name, which every format requires (RFC 4287 §3.2.1)."""
    kept: list[Person] = []
    for person in people:
        name = clean.line(person.name)
        if name:
            email, url = clean.mailbox(person.email), clean.url(person.url)
            kept.append(Person(name=name, email=email or None, url=url or None))
        else:
            clean.drop("person without a name")
    return tuple(kept)


def _enclosures(clean: Cleaner, enclosures: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    kept = [
        Enclosure(
            url=url,
            media_type=clean.media_type(enclosure.media_type),
            length_bytes=max(0, enclosure.length_bytes),
        )
        for enclosure in enclosures
        if (url := clean.url(enclosure.url))
    ]
    # Podcast programs play the first, and in RSS there is room for one.
    return tuple(sorted(kept, key=lambda each: not each.media_type.startswith(PLAYABLE)))


def _podcast(clean: Cleaner, podcast: Podcast) -> Podcast:
    owner = podcast.owner and replace(podcast.owner, name=clean.line(podcast.owner.name))
    return replace(podcast, category=clean.line(podcast.category), owner=owner)


def _tombstones(clean: Cleaner, told: Iterable[Tombstone]) -> tuple[Tombstone, ...]:
    """Keep each pair once, as there may not be two alike (RFC 6721 §3)."""
    found = (
        Tombstone(uri=uri, when=instant(each.when))
        for each in told
        if (uri := clean.text(each.uri).strip())
    )
    return tuple(dict.fromkeys(found))
