"""Which articles an issue carries, once an editor has been at it, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from publisher.model import Article, Newsletter, Order


def arranged(
    articles: Iterable[Article], newsletter: Newsletter, by_hand: Sequence[int] = ()
) -> list[Article]:
    """Put articles in order: by hand, pinned ones, by weight, and by date as the newsletter says.

    ``by_hand`` are the ids of those that an editor has put first, in that order.
    """
    is_newest_first = newsletter.order is Order.NEWEST
    by_date = sorted(
        articles, key=lambda article: (article.dated, article.id), reverse=is_newest_first
    )
    places = {id: place for place, id in enumerate(dict.fromkeys(by_hand))}
    return sorted(
        by_date,
        key=lambda article: (
            places.get(article.id, len(places)),
            not article.pinned,
            -article.weight,
        ),
    )


def within(articles: Sequence[Article], wanted: Collection[int], most: int) -> list[Article]:
    """Move articles up that are wanted among the first ``most``; all others keep their order."""
    room = max(0, most - sum(article.id in wanted for article in articles))
    others = [article.id for article in articles if article.id not in wanted]
    ahead = {*wanted, *others[:room]}
    return sorted(articles, key=lambda article: article.id not in ahead)
