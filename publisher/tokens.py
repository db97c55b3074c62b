"""Signed short ids: what stands in links and bounce addresses instead of a login.

A token says nothing but a few row numbers and that we made it for one purpose. It is never
stored: it is read back with the key that signed it. Layout, before base32 (RFC 4648 §6):
key id (1 octet), lengths of the two ids (4 bits each), the ids (big-endian, as short as
they go), the first 128 bits of an HMAC-SHA-256 (RFC 2104) over the purpose and all of that.
Base32, because relays may change the case of a local part, and without padding.
"""

from __future__ import annotations

import base64
import enum
import hmac
from collections.abc import Mapping

from publisher.errors import TokenError

MIN_SECRET = 32  # octets: the strength of SHA-256 is not to be the key's to lose

_MAX_ID = 2**63 - 1  # what a BIGINT column holds
_MAX_TOKEN = 55  # characters, with two ids of 8 octets
_MAC = 16  # octets
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]
_REFUSAL = "this link is damaged or was not made here"


class Purpose(enum.StrEnum):
    """What a token allows; one made for another purpose is as good as forged."""

    UNSUBSCRIBE = "unsubscribe"
    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    BOUNCE = "bounce"
    FORM = "form"
    UNDO = "undo"
    MOVE = "move"
    KEEP = "keep"


_PREFIXES = {purpose: f"publisher token\0{purpose.value}\0".encode() for purpose in Purpose}


class Tokens:
    """Makes and reads tokens with a ring of secrets.

    ``secrets`` maps key ids (0 to 255) to at least 32 random octets each; ``signing`` is the
    id of the one that signs. The others only read, so that links in old mail go on working
    after a new key has been put in; taking a key out ends every token that it signed.
    """

    def __init__(self, secrets: Mapping[int, bytes], signing: int) -> None:
        for key_id, secret in secrets.items():
            if not 0 <= key_id <= 255:
                raise ValueError(f"key id {key_id} is not between 0 and 255")
            if len(secret) < MIN_SECRET:
                raise ValueError(f"key {key_id} is shorter than {MIN_SECRET} octets")
        if signing not in secrets:
            raise ValueError(f"there is no key {signing} to sign with")
        # Copied for each token: to begin with a key costs more, and in one call with its end
        # gives the interpreter to another thread.
        self._keyed = {
            key_id: hmac.new(secret, digestmod="sha256") for key_id, secret in secrets.items()
        }
        self._signing = signing

    def sign(self, purpose: Purpose, *ids: int) -> str:
        """Make the token of one or two row ids: 36 or 42 characters at most for ids below 2**31.

        The same arguments give the same token, so that a message retried is the same message.
        """
        if len(ids) not in (1, 2) or not all(0 <= each <= _MAX_ID for each in ids):
            raise ValueError(f"a token takes one or two ids from 0 to 2**63 - 1, not {ids}")
        return self._signed(self._signing, purpose, ids)

    def read(self, purpose: Purpose, token: str) -> tuple[int, ...]:
        """Give the ids of a token in any case.

        Raises TokenError with one sentence for whatever is wrong with it: nobody learns how
        far a forged one came.
        """
        token = token.lower() if token.isascii() else ""
        try:
            key_id, ids = _unpacked(token)
            expected = self._signed(key_id, purpose, ids)
        except (ValueError, IndexError, KeyError):
            raise TokenError(_REFUSAL) from None
        # The whole text is compared, not only its signature: whatever else would decode to
        # the same ids is another spelling, and there is one only.
        if not hmac.compare_digest(expected, token):
            raise TokenError(_REFUSAL)
        return ids

    def blinded(self, text: str) -> str:
        """Give what stands for a text where the text itself is not to be kept: 128 bits in hex."""
        keyed = self._keyed[self._signing].copy()
        keyed.update(b"publisher blinded\0" + text.encode())
        return keyed.hexdigest()[: 2 * _MAC]

    def derived(self, use: str) -> bytes:
        """Give a key of its own for one use: whoever learns it learns nothing of the secret."""
        keyed = self._keyed[self._signing].copy()
        keyed.update(b"publisher derived\0" + use.encode())
        return keyed.digest()

    def _signed(self, key_id: int, purpose: Purpose, ids: tuple[int, ...]) -> str:
        octets = [each.to_bytes((each.bit_length() + 7) // 8 or 1, "big") for each in ids]
        lengths = [len(each) for each in octets] + [0]
        payload = bytes([key_id, lengths[0] << 4 | lengths[1]]) + b"".join(octets)
        keyed = self._keyed[key_id].copy()
        keyed.update(_PREFIXES[purpose] + payload)
        return _base32(payload + keyed.digest()[:_MAC])


def _base32(octets: bytes) -> str:
    """Encode in lower case without padding: two characters at a time, as a send makes many."""
    characters = -(-len(octets) * 8 // 5)
    pairs = -(-characters // 2)
    number = int.from_bytes(octets, "big") << (10 * pairs - 8 * len(octets))
    text = "".join([_PAIRS[number >> shift & 1023] for shift in range(10 * pairs - 10, -1, -10)])
    return text[:characters]


def _unpacked(token: str) -> tuple[int, tuple[int, ...]]:
    """Give key id and ids, without looking at the signature; ValueError or IndexError if not."""
    if len(token) > _MAX_TOKEN:
        raise ValueError("too long")
    padding = "=" * (-len(token) % 8)
    octets = base64.b32decode(token.upper() + padding)
    first, second = octets[1] >> 4, octets[1] & 15
    ids = [int.from_bytes(octets[2 : 2 + first], "big")]
    if second:
        ids.append(int.from_bytes(octets[2 + first : 2 + first + second], "big"))
    return octets[0], tuple(ids)
