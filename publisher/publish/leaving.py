"""One bad article leaves a feed, never a feed its readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger()


@contextmanager
def leaving_out(uri: str) -> Iterator[None]:
    """Let what is done for an article fail alone: the log says why it is not in the feed."""
    try:
        yield
    except Exception as error:  # nobody foresaw it, or it would have been mended
        log.warning("article left out of feed", uri=uri, reason=f"{type(error).__name__}: {error}")
