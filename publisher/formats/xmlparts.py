"""What both XML formats say in the same way, where feedgen has no words for it."""

from __future__ import annotations

from html import escape
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from publisher.formats.channel import Channel

ATOM = "http://www.w3.org/2005/Atom"
HISTORY = "http://purl.org/syndication/history/1.0"


def links(channel: Channel, media_type: str) -> list[dict[str, str]]:
    """Give the links to the hub (WebSub §4) and into the feed's history, if any.

    The archive (RFC 5005 §4) is linked as pages (§3) too, for readers that know only these.
    """
    history = channel.history
    found = []
    if channel.hub:
        found.append({"href": channel.hub, "rel": "hub"})
    for relation, address in (
        ("prev-archive", history.previous),
        ("next", history.previous),
        ("current", history.current),
        ("first", history.current),
    ):
        if address:
            found.append({"href": address, "rel": relation, "type": media_type})
    return found


def add_history(element: Any, channel: Channel) -> None:
    """Mark an archive document (RFC 5005 §4), or one that holds everything (§2): never both."""
    if channel.history.current:
        etree.SubElement(element, f"{{{HISTORY}}}archive")
    elif channel.history.is_complete:
        etree.SubElement(element, f"{{{HISTORY}}}complete")


def add_stylesheet(root: Any, channel: Channel) -> None:
    """Let browsers show the document to people. CSS: they are giving up XSLT."""
    address = escape(channel.stylesheet_url)
    root.addprevious(etree.PI("xml-stylesheet", f'type="text/css" href="{address}"'))
