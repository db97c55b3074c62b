"""A document's bytes, once plain and once in each coding, and the tag that names them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import brotli  # type: ignore[import-untyped]
import zstandard

from publisher import formats
from publisher.formats.channel import Channel
from publisher.model import Coding, Feed, FeedDocument, Format, Span

# Of what a higher level would save, readers would notice nothing, and each build would.
_GZIP_LEVEL = 6
_BROTLI_QUALITY = 5
_ZSTD_LEVEL = 9


# None of them holds on to Python while it works.
_PACKERS: dict[Coding, Callable[[bytes], bytes]] = {
    Coding.GZIP: lambda body: gzip.compress(body, _GZIP_LEVEL, mtime=0),
    Coding.BROTLI: lambda body: bytes(brotli.compress(body, quality=_BROTLI_QUALITY)),
    Coding.ZSTD: lambda body: zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body),
}


def pack(
    feed: Feed, format: Format, channel: Channel, fragments: Sequence[bytes], now: datetime
) -> FeedDocument:
    """Put a document together and pack it. Takes its time: call it in a thread."""
    frame = formats.frame(format, channel)
    body = frame.around(fragments)
    return FeedDocument(
        feed=feed.slug,
        format=format,
        media_type=formats.media_type(format),
        body=body,
        packed=packed(body),
        etag=hashlib.sha256(body).hexdigest()[:32],
        modified=now,
        spans=tuple(
            Span(start=start, end=end, mark=hashlib.sha256(fragment).hexdigest()[:12])
            for (start, end), fragment in zip(frame.places(fragments), fragments, strict=True)
        ),
    )


def packed(body: bytes) -> dict[Coding, bytes]:
    """Pack bytes in every coding, all at once; the same bytes give the same."""
    with ThreadPoolExecutor(len(_PACKERS)) as threads:
        forms = threads.map(lambda pack: pack(body), _PACKERS.values())
        return dict(zip(_PACKERS, forms, strict=True))
