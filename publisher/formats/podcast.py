"""What podcast programs read in RSS beyond the format: Apple's elements and Podcasting 2.0's.

https://podcasters.apple.com/support/823-podcast-requirements and
https://podcasting2.org/podcast-namespace. feedgen has Apple's elements as they were in 2016,
with values that are none today.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from lxml import etree  # type: ignore[import-untyped]

from publisher.formats.channel import PLAYABLE, Channel, Entry
from publisher.model import Podcast

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"

# The name space in which Podcasting 2.0 makes the identities of feeds.
_FEEDS = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")


def add_show(element: Any, channel: Channel, podcast: Podcast) -> None:
    """Describe the feed."""
    owner = podcast.owner
    etree.SubElement(element, f"{{{ITUNES}}}category", text=podcast.category)
    _add(element, ITUNES, "explicit", "true" if podcast.is_explicit else "false")
    _add(element, ITUNES, "author", channel.publisher.name)
    if owner:
        person = etree.SubElement(element, f"{{{ITUNES}}}owner")
        _add(person, ITUNES, "name", owner.name or channel.publisher.name)
        _add(person, ITUNES, "email", owner.mailbox)
    if channel.logo:
        etree.SubElement(element, f"{{{ITUNES}}}image", href=channel.logo)
    _add(element, ITUNES, "type", "episodic")
    _add(element, PODCAST, "guid", identity(f"{channel.first_url}.rss"))
    _add(element, PODCAST, "medium", "podcast")


def add_episode(element: Any, entry: Entry) -> None:
    """Describe an article with something to play.

    There is no itunes:author, which readers would add to the bylines in dc:creator, and no
    itunes:title, which is for titles with a number in front.
    """
    is_episode = bool(entry.enclosures) and entry.enclosures[0].media_type.startswith(PLAYABLE)
    if is_episode and entry.image:
        etree.SubElement(element, f"{{{ITUNES}}}image", href=entry.image)


def identity(url: str) -> str:
    """Make the identity of a podcast of its feed's first address, which it keeps for ever."""
    return str(uuid5(_FEEDS, url.partition("://")[2].rstrip("/")))


def _add(element: Any, namespace: str, name: str, text: str) -> None:
    etree.SubElement(element, f"{{{namespace}}}{name}").text = text
