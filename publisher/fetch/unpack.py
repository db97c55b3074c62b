"""The body of an answer: taken in as it comes, packed or not, and never beyond its limit."""

from __future__ import annotations

import zlib

from aiohttp import ClientResponse

from publisher.fetch.fault import Fault

# One member a stretch of 64 KB is what block-wise packers make; a million empty ones are an
# attack on the processor.
_MOST_MEMBERS = 1000
_GZIP = zlib.MAX_WBITS + 16
_GZIP_MARK = 0x1F
_DEFLATE = 8


async def read_body(response: ClientResponse, limit: int) -> bytes:
    """Read the whole body. Raises Fault beyond ``limit`` bytes, counted packed and unpacked."""
    too_large = Fault(f"the answer is larger than {limit / 1024**2:,.1f} MB", is_too_large=True)
    # A 304 may tell the length of what it stands for (RFC 9110 §8.6).
    if response.status not in (204, 304) and (response.content_length or 0) > limit:
        raise too_large
    unpacker = _unpacker(response.headers.get("Content-Encoding", ""))
    body = bytearray()
    taken = 0
    async for piece in response.content.iter_any():
        taken += len(piece)
        body += unpacker.feed(piece, limit + 1 - len(body)) if unpacker else piece
        if max(taken, len(body)) > limit:
            raise too_large
    if unpacker and taken and not unpacker.is_whole:
        raise Fault("the answer broke off before its end")
    return bytes(body)


def _unpacker(encoding: str) -> Unpacker | None:
    """Give what undoes a Content-Encoding (RFC 9110 §8.4.1); None where there is none."""
    names = [name for part in encoding.lower().split(",") if (name := part.strip())]
    match [name for name in names if name != "identity"]:
        case []:
            return None
        case ["gzip" | "x-gzip"]:
            return Unpacker(is_gzip=True)
        case ["deflate"]:
            return Unpacker(is_gzip=False)
    raise Fault("the answer is packed in a way that was not asked for")


class Unpacker:
    """Unpacks gzip (RFC 1952), or deflate with its wrapping (RFC 1950) or bare (RFC 1951)."""

    def __init__(self, *, is_gzip: bool) -> None:
        self._is_gzip = is_gzip
        self._member = zlib.decompressobj(_GZIP)
        self._members = 0
        self._is_over = False

    @property
    def is_whole(self) -> bool:
        """Whether what was fed came to its end."""
        return self._member.eof

    def feed(self, packed: bytes, most: int) -> bytes:
        """Unpack the next piece, into ``most`` bytes at most: what is beyond them is lost."""
        unpacked = bytearray()
        # With no room left decompress would be told 0, which means no limit to it.
        while packed and len(unpacked) < most:
            if not self._members or self._member.eof:
                self._begin(packed[0])
            if self._is_over:
                break
            try:
                unpacked += self._member.decompress(packed, most - len(unpacked))
            except zlib.error as error:
                raise Fault("the answer is packed wrongly") from error
            packed = self._member.unused_data
        return bytes(unpacked)

    def _begin(self, first: int) -> None:
        """Begin the member whose first byte is given; what is none is padding, to be ignored."""
        if self._members and not (self._is_gzip and first == _GZIP_MARK):
            self._is_over = True
        elif self._members == _MOST_MEMBERS:
            raise Fault("the answer is packed in too many parts")
        elif self._is_gzip:
            self._member = zlib.decompressobj(_GZIP)
        else:
            # No bare deflate begins with an 8 in the low half, which RFC 1950 §2.2 asks for.
            is_bare = first & 0x0F != _DEFLATE
            self._member = zlib.decompressobj(-zlib.MAX_WBITS if is_bare else zlib.MAX_WBITS)
        self._members += 1
