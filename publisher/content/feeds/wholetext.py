"""The whole text of an article whose feed tells less, from its page."""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo

from publisher.content.feeds.parsed import line
from publisher.content.page import read_page
from publisher.content.plain import plain_text
from publisher.model import SourceArticle


def with_page(told: SourceArticle, text: str, url: str, zone: tzinfo) -> SourceArticle:
    """Take the article's text from its page at ``url``, if that has more of it.

    What the feed had for a text becomes the summary. Takes its time: call it in a thread.
    Raises ValueError with a sentence when the page cannot be read.
    """
    page = read_page(text, zone)
    if len(plain_text(page.html)) <= len(plain_text(told.html)):
        return told
    return replace(
        told,
        html=page.html,
        base=page.base or url,
        summary=told.summary or line(told.html),
        authors=told.authors or page.authors,
        image=told.image or page.image,
    )
