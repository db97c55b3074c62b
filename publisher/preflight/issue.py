"""Rules on the issue as a whole: what it carries, and how many get it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from publisher.preflight.finding import Flaw
from publisher.preflight.specimen import Context, Reading


def articles(reading: Reading, context: Context) -> Iterator[Flaw]:
    """There is something in it, and nothing twice."""
    place = reading.place("the issue")
    if not reading.rendition.article_ids:
        yield Flaw("there is no article in it", place)
    if any(count > 1 for count in Counter(reading.rendition.article_ids).values()):
        yield Flaw("an article is in it twice", place)
    pages = Counter(context.publication.article_url(one) for one in reading.articles)
    for page, count in pages.items():
        if count > 1:
            yield Flaw(f"{count} of its articles have the same address: {page}", place)


def audience(_: Reading, context: Context) -> Iterator[Flaw]:
    """About as many get it as got the last one: a jump is rather a fault than a success."""
    now, before = context.audience, context.last_audience
    if now is None or not before:
        return
    if now * 2 < before or now > before * 2:
        change = "less than half of" if now < before else "more than double"
        yield Flaw(f"{now:,} get it, {change} the {before:,} of the last issue", "the audience")
