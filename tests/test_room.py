from __future__ import annotations

from collections.abc import Callable

import pytest

from publisher.room import MANY_HTML_BYTES, MAX_HTML_BYTES, Extent, fitting


def sized(frame: int, whole: int, excerpt: int, brief: int) -> Callable[[Extent], str]:
    """Stand for a template: so many bytes each."""

    def make(extent: Extent) -> str:
        rest = extent.shown - extent.whole
        return "x" * (frame + extent.whole * whole + rest * (brief if extent.is_brief else excerpt))

    return make


@pytest.mark.parametrize(
    ("count", "sizes", "expected"),
    [
        (0, (9_000, 0, 0, 0), Extent(0, 0)),
        (20, (9_000, 3_000, 900, 500), Extent(20, 20)),
        (20, (9_000, 10_000, 900, 500), Extent(6, 20)),
        (2, (9_000, 40_000, 900, 500), Extent(1, 2)),
        (20, (9_000, 90_000, 900, 500), Extent(0, 20)),
        (20, (9_000, 90_000, 9_000, 500), Extent(0, 20, is_brief=True)),
        (500, (9_000, 90_000, 9_000, 500), Extent(0, 154, is_brief=True)),
        (3, (9_000, 500_000, 400_000, 300_000), Extent(0, 1, is_brief=True)),
    ],
)
def test_mail_shows_as_much_as_there_is_room_for(
    count: int, sizes: tuple[int, int, int, int], expected: Extent
) -> None:
    html, extent = fitting(sized(*sizes), count)

    assert extent == expected
    assert html == sized(*sizes)(extent)


def test_many_articles_take_few_trials() -> None:
    tried = []

    def make(extent: Extent) -> str:
        tried.append(extent)
        return sized(9_000, 90_000, 9_000, 500)(extent)

    fitting(make, 500)

    assert len(tried) <= 12
    assert len(set(tried)) == len(tried)


def test_there_is_head_room_for_what_comes_with_each_reader() -> None:
    html, _ = fitting(sized(0, 1_000, 1_000, 1_000), 500)

    assert len(html) < MANY_HTML_BYTES < MAX_HTML_BYTES
