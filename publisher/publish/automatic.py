"""Feeds that no table of the config describes: of terms, and of newsletters' issues."""

from __future__ import annotations

from publisher.model import (
    AutomaticFeeds,
    Feed,
    Format,
    Newsletter,
    Publication,
    Selection,
    TermKind,
)
from publisher.store.terms import Term

# What the slugs of newsletters' feeds begin with, as those of terms do with their kind.
ISSUES = "issues"
_MOST_ISSUES = 50


def of_term(term: Term, automatic: AutomaticFeeds, publication: Publication) -> Feed:
    """Make the feed of a term."""
    names = (term.name,)
    return Feed(
        slug=f"{term.kind}/{term.key}",
        title=f"{publication.title}: {term.name}",
        description=publication.description,
        formats=automatic.formats,
        limit=automatic.limit,
        full=automatic.full,
        select={
            TermKind.TAG: Selection(tags=names),
            TermKind.SECTION: Selection(sections=names),
            TermKind.AUTHOR: Selection(authors=names),
            TermKind.SOURCE: Selection(sources=names),
            TermKind.LANGUAGE: Selection(languages=names),
        }[term.kind],
        language=term.name if term.kind is TermKind.LANGUAGE else publication.language,
    )


def of_newsletter(newsletter: Newsletter) -> Feed:
    """Make the feed of a newsletter's issues."""
    return Feed(
        slug=f"{ISSUES}/{newsletter.slug}",
        title=newsletter.title,
        description=newsletter.description,
        formats=tuple(Format),
        limit=_MOST_ISSUES,
        full=True,
        select=Selection(),
        language=newsletter.language,
    )
