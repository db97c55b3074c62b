"""What a mail shows of each newsletter in it: which articles, how much of each, in which groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from markupsafe import Markup

from publisher.content.mailable import Link, Words, mailable, picture
from publisher.content.plain import summarise
from publisher.model import Article, Excerpt, ExcerptKind, Newsletter, Publication
from publisher.render import ArticleView, GroupView, PartView
from publisher.render.filters import excerpt
from publisher.room import Extent

_LEAD_COLUMNS, _COLUMNS, _BRIEF_COLUMNS = 480, 320, 160
_PARAGRAPH_COLUMNS = 1500  # some texts have no paragraphs
_MARGINS = 80  # pixels beside the text, left and right together

# What a template is for, where the newsletter's `excerpt` does not say.
_WHOLE_TEXTS = {"full", "instant"}


# The mails of an issue have many articles in common, and one that is too long is made again.
_fitted = lru_cache(maxsize=128)(mailable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a mail has of one newsletter: these articles, in this order."""

    newsletter: Newsletter
    articles: Sequence[Article]


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """How the parts of a mail are shown: by its own newsletter's rules, whoever's articles it has.

    ``words`` are in the mail's language.
    """

    publication: Publication
    newsletter: Newsletter
    template: str
    language: str
    words: Words

    @property
    def _rule(self) -> Excerpt:
        is_whole = self.template in _WHOLE_TEXTS
        kind = ExcerptKind.FULL if is_whole else ExcerptKind.SUMMARY
        return self.newsletter.excerpt or Excerpt(kind=kind)

    def parts(self, parts: Sequence[Part], extent: Extent) -> list[PartView]:
        """View the parts of a mail, as far as it extends."""
        views = []
        before = 0  # articles
        for part in parts:
            allowed = part.articles[: part.newsletter.max_articles]
            shown = allowed[: max(extent.shown - before, 0)]
            articles = [
                self._article(
                    article,
                    is_lead=number == 0,
                    is_whole=number < extent.whole,
                    is_brief=extent.is_brief,
                )
                for number, article in enumerate(shown, start=before)
            ]
            groups = grouped(articles) if self.newsletter.by_section else _together(articles)
            views.append(
                PartView(
                    title=part.newsletter.title,
                    slug=part.newsletter.slug,
                    groups=groups,
                    articles=tuple(one for group in groups for one in group.articles),
                    more=len(part.articles) - len(shown),
                )
            )
            before += len(allowed)
        return views

    def _article(
        self, article: Article, *, is_lead: bool, is_whole: bool, is_brief: bool
    ) -> ArticleView:
        view = ArticleView.of(article, self.publication, self.language)
        is_whole = is_whole and self._rule.kind is ExcerptKind.FULL and bool(article.html)
        seen = picture(article.html, view.image) if view.image else None
        html: str = ""
        links: tuple[Link, ...] = ()
        if is_whole:
            width = self.newsletter.theme.width - _MARGINS
            html, links = _fitted(article.html, width=width, words=self.words)
        return replace(
            view,
            is_whole=is_whole,
            excerpt=self._excerpt(article, is_lead=is_lead, is_brief=is_brief),
            html=Markup(html),  # noqa: S704 - cleaned once more by `mailable`
            links=links,
            image="" if is_whole and seen else view.image,  # the text shows it itself
            image_alt=seen.alt if seen else "",
            image_width=seen.width if seen else 0,
            image_height=seen.height if seen else 0,
            reading_minutes=view.reading_minutes if self.newsletter.reading_time else 0,
        )

    def _excerpt(self, article: Article, *, is_lead: bool, is_brief: bool) -> str:
        if is_brief:
            return excerpt(article.summary, _BRIEF_COLUMNS)
        rule = self._rule
        if rule.kind is ExcerptKind.WORDS and article.text:
            return summarise(article.text, words=rule.words)
        if rule.kind is ExcerptKind.FIRST_PARAGRAPH and article.text:
            return excerpt(article.text.partition("\n\n")[0], _PARAGRAPH_COLUMNS)
        return excerpt(article.summary, _LEAD_COLUMNS if is_lead else _COLUMNS)


def grouped(articles: Sequence[ArticleView]) -> tuple[GroupView, ...]:
    """Put articles of a section together, whatever its spelling, in the order of their first.

    The lead's section goes first; what has no section comes last, unless the lead has none.
    """
    groups: dict[str, list[ArticleView]] = {}
    for article in articles:
        groups.setdefault(article.section.casefold(), []).append(article)
    lead = next(iter(groups), "")
    in_order = sorted(groups, key=lambda section: not section and section != lead)
    return tuple(
        GroupView(title=groups[section][0].section, articles=tuple(groups[section]))
        for section in in_order
    )


def _together(articles: Sequence[ArticleView]) -> tuple[GroupView, ...]:
    return (GroupView(title="", articles=tuple(articles)),) if articles else ()
