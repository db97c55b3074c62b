"""Who tells subscribers of news in a feed (WebSub §4)."""

from __future__ import annotations

import re

from publisher.content.feeds.parsed import ParsedFeed
from publisher.content.links import absolute

# RFC 8288 §3: <target>; name=value; name="value", <target> ...
_LINK = re.compile(
    r"""<([^<>]*+)>((?:\s*+;\s*+[\w!#$&+.^`|~*-]++\s*+(?:=\s*+(?:"[^"]*+"|[^\s";,]*+))?)*)"""
)
_RELATION = re.compile(r""";\s*rel\s*=\s*(?:"([^"]*)"|([^\s";,]*))""", re.IGNORECASE)


def find_hub(link_header: str, feed: ParsedFeed, url: str) -> tuple[str, str] | None:
    """Give the hub and the topic to ask it for; None if nobody names a hub.

    The headers count before what stands in the feed. ``url`` is where the feed came from, the
    topic if it does not name itself.
    """
    named: dict[str, str] = {}
    for target, parameters in _LINK.findall(link_header):
        # Of several parameters of the name the first counts (RFC 8288 §3.3).
        relation = _RELATION.search(parameters)
        link = absolute(target, url)
        if relation and link:
            for name in (relation[1] or relation[2] or "").lower().split():
                named.setdefault(name, link)
    hub = named.get("hub") or feed.hub
    return (hub, named.get("self") or feed.self_url or url) if hub else None
