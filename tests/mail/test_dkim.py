"""Signatures, as another program verifies them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.mail import wire
from publisher.mail.dkim import Signer, signed, signer
from publisher.model import Envelope, Message

PEM = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
SIGNERS = {
    "rsa": signer("example.org", "news", RSA.private_bytes(*PEM).decode()),
    "ed25519": signer("example.org", "ed", ED25519.private_bytes(*PEM).decode()),
}
CONTENT = (
    b"From: Example News <news@example.org>\r\n"
    b"To: =?utf-8?q?Z=C3=B6e?= <zoe@reader.example>\r\n"
    b"Subject: One   and\r\n two\r\n"
    b"Date: Mon, 30 Nov 2026 07:00:00 +0000\r\n"
    b"Message-ID: <1@example.org>\r\n"
    b"List-Unsubscribe: <https://news.example.org/u/t>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"\r\n"
    b"Hello\r\n.\r\n--end--\r\n"
)


def message(content: bytes = CONTENT) -> Message:
    return wire.message(Envelope(sender="b@example.org", recipient="zoe@reader.example"), content)


def public(name: bytes, timeout: int = 5) -> bytes:
    """Answer as the DNS does where the public keys are."""
    match name:
        case b"news._domainkey.example.org.":
            octets = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return b"v=DKIM1; k=rsa; p=" + base64.b64encode(octets)
        case b"ed._domainkey.example.org.":
            octets = ED25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(octets)
    raise AssertionError(name)


def is_genuine(content: bytes, nth: int = 0) -> bool:
    try:
        found: bool = dkim.DKIM(content).verify(nth, dnsfunc=public)
    except dkim.ValidationError:  # the body, of which the header has a hash
        return False
    return found


@pytest.fixture(params=SIGNERS)
def by(request: pytest.FixtureRequest) -> Signer:
    return SIGNERS[request.param]


def test_signature_is_verified(by: Signer) -> None:
    made = signed(message(), [by])

    assert is_genuine(made.content)
    assert made.content.endswith(CONTENT)
    assert made == wire.message(made.envelope, made.content)


def test_both_may_sign_one_message() -> None:
    """RFC 8463 §3: for those who know the new algorithm, and for those who do not."""
    made = signed(message(), list(SIGNERS.values()))

    assert [is_genuine(made.content, nth) for nth in (0, 1)] == [True, True]


def test_same_message_has_the_same_signature(by: Signer) -> None:
    """So that a retry is the same message."""
    assert signed(message(), [by]) == signed(message(), [by])


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"Hello", b"Hallo"),
        lambda content: content.replace(b"and\r\n two", b"and\r\n ten"),
        lambda content: content.replace(b"/u/t>", b"/u/x>"),
        lambda content: content.replace(b"=One-Click", b"=No-Click"),
        lambda content: b"Subject: Another\r\n" + content,
        lambda content: b"From: Eve <eve@evil.example>\r\n" + content,
        lambda content: b"Reply-To: eve@evil.example\r\n" + content,
        lambda content: content.replace(b"\r\n\r\n", b"\r\nCc: eve@evil.example\r\n\r\n", 1),
        lambda content: content + b"More\r\n",
    ],
)
def test_changed_message_is_not_verified(by: Signer, change: Callable[[bytes], bytes]) -> None:
    """RFC 6376 §8.15: what was put in counts as much as what was altered."""
    assert not is_genuine(change(signed(message(), [by]).content))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"One   and\r\n two", b"One and two"),
        lambda content: content.replace(b"Message-ID: ", b"message-id:   "),
        lambda content: b"Received: from a relay\r\n" + content,
        lambda content: content + b"\r\n\r\n",
    ],
)
def test_what_relays_do_is_allowed(by: Signer, change: Callable[[bytes], bytes]) -> None:
    """RFC 6376 §3.4.2 and §3.4.3."""
    assert is_genuine(change(signed(message(), [by]).content))


BLANKS = st.sampled_from([" ", "  ", "\t", "\r\n ", " \r\n\t", ""])
VALUES = st.lists(
    st.tuples(BLANKS, st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=9))
).map(lambda pairs: "x" + "".join(f"{blank or ' '}{word or 'y'}" for blank, word in pairs))
LINES = st.lists(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), max_size=6
)


@settings(deadline=None, max_examples=150)
@given(subject=VALUES, to=VALUES, lines=LINES, is_rsa=st.booleans())
def test_any_message_is_verified(subject: str, to: str, lines: list[str], is_rsa: bool) -> None:
    head = f"From: a@example.org\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n"
    content = head + "".join(f"{line}\r\n" for line in lines)

    made = signed(message(content.encode()), [SIGNERS["rsa" if is_rsa else "ed25519"]])

    assert is_genuine(made.content)


def test_lines_of_the_field_are_short(by: Signer) -> None:
    field = signed(message(), [by]).content.removesuffix(CONTENT)

    assert max(map(len, field.split(b"\r\n"))) <= 78
    assert re.fullmatch(rb"(?s)DKIM-Signature: v=1; .*\r\n", field)


@pytest.mark.parametrize(
    ("pem", "wrong"),
    [
        ("", "no private key"),
        ("a key", "no private key"),
        (
            RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
            "no private key",
        ),
        (
            RSA.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
            ).decode(),
            "with a password",
        ),
        (ec.generate_private_key(ec.SECP256R1()).private_bytes(*PEM).decode(), "neither an RSA"),
    ],
)
def test_key_of_no_use_is_told(pem: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        signer("example.org", "news", pem)
