from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.arranging import arranged
from publisher.model import Article, Order
from tests.rig import builders, samples


def article(number: int, **changes: object) -> Article:
    """Make an article that is older the higher its number."""
    return samples.article(number, f"Title {number}", **changes)


def order(
    *articles: Article, by_hand: tuple[int, ...] = (), first: Order = Order.NEWEST
) -> list[int]:
    newsletter = builders.newsletter(order=first)
    return [each.id for each in arranged(articles, newsletter, by_hand)]


def test_newest_comes_first() -> None:
    assert order(article(2), article(3), article(1)) == [1, 2, 3]


def test_oldest_comes_first_where_the_newsletter_says_so() -> None:
    assert order(article(2), article(3), article(1), first=Order.OLDEST) == [3, 2, 1]


@pytest.mark.parametrize("first", Order)
def test_pin_beats_weight_and_weight_beats_date(first: Order) -> None:
    light, heavy, pinned = article(1, weight=-1), article(2, weight=7), article(3, pinned=True)

    assert order(light, article(4), heavy, pinned, first=first) == [3, 2, 4, 1]


def test_weight_orders_what_is_pinned() -> None:
    assert order(article(1, pinned=True), article(2, pinned=True, weight=1)) == [2, 1]


def test_of_two_of_one_date_the_one_that_came_last_is_newer() -> None:
    dated = article(1).dated
    same = [article(number, published=dated) for number in (5, 6)]

    assert (order(*same), order(*same, first=Order.OLDEST)) == ([6, 5], [5, 6])


def test_article_without_a_date_goes_by_its_first_sight() -> None:
    seen = article(2).dated - timedelta(minutes=30)

    assert order(article(3), article(9, published=None, first_seen=seen), article(2)) == [2, 9, 3]


def test_hand_beats_everything_and_names_no_more_than_is_there() -> None:
    pinned = article(2, pinned=True)

    assert order(article(1), pinned, article(3), by_hand=(3, 99, 1, 3)) == [3, 1, 2]
