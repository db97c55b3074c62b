"""In which order an issue carries its articles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
