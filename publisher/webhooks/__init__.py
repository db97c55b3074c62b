"""Telling other programs what has happened: the shape of events, and webhooks."""

from __future__ import annotations

from publisher.webhooks.calling import tell, try_out
from publisher.webhooks.shape import behind, shaped

__all__ = ["behind", "shaped", "tell", "try_out"]
