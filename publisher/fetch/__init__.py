"""Pages of the web for sources: fetched within limits, and never from where they must not be.

The only package that speaks HTTP as a client. A server is a stranger, and so is whoever chose
the URL: what is asked, where it is asked and how much of the answer is taken is bounded here.
"""

from __future__ import annotations

from publisher.fetch.answer import Answer
from publisher.fetch.client import Fetcher, user_agent
from publisher.fetch.limits import Limits

__all__ = ["Answer", "Fetcher", "Limits", "user_agent"]
