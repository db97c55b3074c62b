"""DKIM signatures (RFC 6376, RFC 8463): who answers for a message, and that nobody changed it.

The header is canonicalised "relaxed", since relays fold and respace it; the body "simple", since
ours is 7-bit in short lines, which nothing on the way has a reason to touch. No time is signed: a
message is the same bytes in every attempt.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from publisher.model import Message

# What is signed (RFC 6376 §5.4.1, RFC 8058 §4). Each is named once more than it is there, so that
# a second one that is put in, or one that was not there, breaks the signature (§8.15).
_SIGNED = (
    "From",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Archive",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
)
_FIELD = re.compile(rb"([!-9;-~]+):((?:[^\r]|\r\n[ \t])*)\r\n")
_BLANKS = re.compile(rb"[ \t]+")
_LEAST_BITS = 1024  # RFC 8301 §3.2: what is shorter is not verified


@dataclass(frozen=True, slots=True, kw_only=True)
class _Canonical:
    """A message as every key signs it: its ``fields``, and how many there are of each name."""

    counts: tuple[int, ...]
    fields: bytes
    body_hash: str

    @classmethod
    def of(cls, content: bytes) -> _Canonical:
        head, _, body = content.partition(b"\r\n\r\n")
        found = _relaxed_fields(head + b"\r\n")
        named = [found.get(name.lower(), []) for name in _SIGNED]
        return cls(
            counts=tuple(map(len, named)),
            # Of several fields of a name, the last one is signed first (§5.4.2).
            fields=b"".join(field for fields in named for field in reversed(fields)),
            body_hash=_base64(hashlib.sha256(_simple(body)).digest()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A key, and where the public one is: SELECTOR._domainkey.DOMAIN. Made by `signer`."""

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    def field(self, message: _Canonical) -> bytes:
        """Give the DKIM-Signature field of a message, as a whole header field."""
        algorithm = "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"
        unsigned = _tags(algorithm, self.domain, self.selector, message.counts) + _folded(
            f"bh={message.body_hash}; b="
        )
        own = b"dkim-signature:" + _relaxed(unsigned)
        signature = self._sign(message.fields + own)
        lines = [signature[start : start + 70] for start in range(0, len(signature), 70)]
        return b"DKIM-Signature:" + unsigned + "\r\n ".join(["", *lines]).encode() + b"\r\n"

    def _sign(self, data: bytes) -> str:
        if isinstance(self.key, RSAPrivateKey):
            return _base64(self.key.sign(data, PKCS1v15(), hashes.SHA256()))
        # RFC 8463 §3: what is signed is the hash.
        return _base64(self.key.sign(hashlib.sha256(data).digest()))


def signer(domain: str, selector: str, pem: str) -> Signer:
    """Read a private key. Raises ValueError, with a sentence for the admin, for one of no use."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("no private key in PEM form, or one with a password") from error
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("neither an RSA nor an Ed25519 key")
    if isinstance(key, RSAPrivateKey) and key.key_size < _LEAST_BITS:
        raise ValueError(f"{key.key_size} bits are too few for anybody; make a key of 2048")
    return Signer(domain=domain, selector=selector, key=key)


def signed(message: Message, signers: Sequence[Signer]) -> Message:
    """Put the signatures of all before a message; none signs another's (RFC 8463 §3)."""
    canonical = _Canonical.of(message.content)
    fields = b"".join(each.field(canonical) for each in signers)
    # No line of a header begins with a dot, so there is none to double.
    return replace(message, stuffed=fields + message.stuffed)


@lru_cache(maxsize=64)
def _tags(algorithm: str, domain: str, selector: str, counts: tuple[int, ...]) -> bytes:
    """Give the tags before the hashes, when so many fields of each name are there."""
    names = [name for name, count in zip(_SIGNED, counts, strict=True) for _ in range(count + 1)]
    first = f"v=1; a={algorithm}; c=relaxed/simple; d={domain}; s={selector};"
    return _folded(first, *_in_lines(f"h={':'.join(names)};", ":")) + b"\r\n"


def _relaxed_fields(head: bytes) -> dict[str, list[bytes]]:
    """Map names in lower case to their fields as they are signed (RFC 6376 §3.4.2)."""
    found: dict[str, list[bytes]] = {}
    for name, value in _FIELD.findall(head):
        lower = name.lower()
        found.setdefault(lower.decode("ascii"), []).append(lower + b":" + _relaxed(value) + b"\r\n")
    return found


@lru_cache(maxsize=256)  # most fields are the same in every message of an issue
def _relaxed(value: bytes) -> bytes:
    return _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _simple(body: bytes) -> bytes:
    """Give a body without the empty lines at its end (RFC 6376 §3.4.3)."""
    return body.rstrip(b"\r\n") + b"\r\n" if body.endswith(b"\r\n\r\n") else body or b"\r\n"


def _folded(*lines: str) -> bytes:
    return "\r\n".join(f" {line}" for line in lines).encode("ascii")


def _in_lines(text: str, mark: str) -> list[str]:
    """Cut a tag at its marks into lines of at most 76 octets."""
    lines = [""]
    for piece in re.findall(f"[^{mark}]*{mark}?", text)[:-1]:
        if len(lines[-1]) + len(piece) > 75:
            lines.append("")
        lines[-1] += piece
    return lines


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
