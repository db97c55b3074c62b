"""What templates are given to print: articles, issues and recipients as readers see them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from babel.lists import format_list
from markupsafe import Markup

from publisher.model import Article, Issue, Newsletter, Publication
from publisher.render.filters import CJK, locale

# Silent reading of non-fiction, rounded: words a minute where blanks part words, characters
# a minute where they do not.
_WORDS_A_MINUTE = 230
_CHARACTERS_A_MINUTE = 400


class LinkView(Protocol):
    """A link that a text holds."""

    @property
    def words(self) -> str:
        """What it says; "" for a picture without a text."""

    @property
    def url(self) -> str:
        """Where it leads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleView:
    """An article, ready to print.

    ``html`` is sanitised and needs no escaping; everything else is plain text. ``authors`` are
    the names in one phrase. ``section`` and ``image`` are "" when there is none; of the picture,
    ``image_alt`` is "" and width and height (in pixels) are 0 where nobody told them. ``date`` is
    in the publication's zone. ``reading_minutes`` is 0 where there is nothing to be said.

    A mail shows ``html`` (or ``text``, followed by ``links``, each with words and url) of an
    article that ``is_whole``, and else its ``excerpt``.
    """

    title: str
    url: str
    summary: str
    excerpt: str
    html: Markup
    text: str
    authors: str
    section: str
    tags: tuple[str, ...]
    date: datetime
    image: str
    reading_minutes: int
    language: str
    is_whole: bool = False
    links: tuple[LinkView, ...] = ()
    image_alt: str = ""
    image_width: int = 0
    image_height: int = 0

    @classmethod
    def of(cls, article: Article, publication: Publication, language: str) -> ArticleView:
        """View an article for a mail or page written in the language."""
        return cls(
            title=article.title,
            url=publication.article_url(article),
            summary=article.summary,
            excerpt=article.summary,
            html=Markup(article.html),  # noqa: S704 - sanitised when it was taken in
            text=article.text,
            authors=format_list(
                [author.name for author in article.authors], locale=locale(language)
            ),
            section=article.section or "",
            tags=article.tags,
            date=article.dated.astimezone(publication.timezone),
            image=article.image or "",
            reading_minutes=reading_minutes(article.text),
            language=article.language,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueView:
    """An issue, ready to print.

    ``number`` is None in a preview. ``date`` is when it is due, in its newsletter's zone.
    ``subject`` and ``url`` are for lists of issues, and "" elsewhere.
    """

    number: int | None
    slot: str
    date: datetime
    subject: str = ""
    url: str = ""

    @classmethod
    def of(
        cls, issue: Issue, newsletter: Newsletter, *, subject: str = "", url: str = ""
    ) -> IssueView:
        """View an issue of the newsletter."""
        return cls(
            number=issue.number,
            slot=issue.slot,
            date=issue.due.astimezone(newsletter.timezone),
            subject=subject,
            url=url,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """Articles that stand together; ``title`` is their section's, "" for none."""

    title: str
    articles: tuple[ArticleView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """What a mail has of one newsletter, ready to print; ``more`` articles were left out.

    ``articles`` are those of all ``groups``, in their order.
    """

    title: str
    slug: str
    groups: tuple[GroupView, ...]
    articles: tuple[ArticleView, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientView:
    """The reader: slots in a digest. ``name`` is "" for most people."""

    name: str
    address: str


def reading_minutes(text: str) -> int:
    """Estimate how long a plain text takes to read, in whole minutes, at least 1 if any."""
    characters = len(re.findall(f"[{CJK}]", text))
    words = len(re.sub(f"[{CJK}]+", " ", text).split())
    minutes = words / _WORDS_A_MINUTE + characters / _CHARACTERS_A_MINUTE
    return max(round(minutes), 1) if text.strip() else 0
