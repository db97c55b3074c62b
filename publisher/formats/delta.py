"""A document without entries that a reader has: cut out of its bytes, never written again."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from publisher.model import Span


def without(body: bytes, spans: Sequence[Span], marks: Collection[str]) -> bytes:
    """Give a document with only those entries whose mark is none of these.

    ``spans`` are the places of all its entries, in order. What parts two entries is what stands
    between the first two.
    """
    if not spans:
        return body
    separator = body[spans[0].end : spans[1].start] if len(spans) > 1 else b""
    kept = [body[span.start : span.end] for span in spans if span.mark not in marks]
    return body[: spans[0].start] + separator.join(kept) + body[spans[-1].end :]
