"""Telling readers of news at once (W3C WebSub): through our own hub, or through another one.

This is the publisher's and the hub's part; `publisher.websub` is the subscriber's, for sources.
What is to be told is noted where feeds are built, as rows; workers tell it. So a hub or a reader
that fails, or is slow, holds up neither feeds nor issues, and a restart loses nothing.

With a hub of our own, programs ask to be told (`take`), are asked whether they mean it, and get
each new version of a feed whole (`call`). Another hub is told which feeds have changed (`ping`).
"""

from __future__ import annotations

from publisher.hub.asking import Objection, take
from publisher.hub.calling import Called, call
from publisher.hub.noting import deny_gone, note
from publisher.hub.pinging import Pinged, ping

__all__ = ["Called", "Objection", "Pinged", "call", "deny_gone", "note", "ping", "take"]
