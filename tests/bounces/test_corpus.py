"""What mails to the bounce address say: one table of mails as large providers write them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.mail import incoming
from publisher.mail.incoming import LIMIT_BYTES, read
from publisher.model import Address, BounceKind, Verdict
from publisher.tokens import Purpose, Tokens

CORPUS = Path(__file__).parent / "corpus"
BOUNCE = Address(mailbox="bounce@example.org")

# What the corpus was written with: of delivery 7, and of subscription 3.
_TOKENS = Tokens({1: b"k" * 32}, 1)
TOKEN = _TOKENS.sign(Purpose.BOUNCE, 7)
LINK = _TOKENS.sign(Purpose.UNSUBSCRIBE, 3)

_WHOSE = {
    "ours": (TOKEN,),
    "link": (LINK,),
    "forged": ("aaaqoaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",),
    "none": (),
}


def judged(name: str) -> Verdict:
    return read((CORPUS / f"{name}.eml").read_bytes(), (), BOUNCE)


@pytest.mark.parametrize("name", sorted(file.stem for file in CORPUS.glob("*.eml")))
def test_mail_gets_the_verdict_beside_it(name: str) -> None:
    wanted = tomllib.loads((CORPUS / f"{name}.toml").read_text(encoding="utf-8"))
    whose = _WHOSE[wanted.pop("token", "ours")]

    verdict = judged(name)

    assert {key: getattr(verdict, key) for key in wanted} == wanted
    assert whose == (verdict.tokens or verdict.links)


def test_corpus_is_as_large_as_promised_and_names_nobody_who_exists() -> None:
    mails = list(CORPUS.glob("*.eml"))

    assert len(mails) >= 60
    assert {mail.stem for mail in mails} == {file.stem for file in CORPUS.glob("*.toml")}


def test_envelope_says_whose_bounce_it_is_before_any_header_does() -> None:
    raw = (CORPUS / "postfix-unknown-user.eml").read_bytes()

    verdict = read(raw, ["Bounce+AEIAODVB@EXAMPLE.ORG"], BOUNCE)

    assert verdict.tokens == ("aeiaodvb", TOKEN)


def test_copies_of_one_report_have_one_digest_and_others_another() -> None:
    raw = (CORPUS / "postfix-unknown-user.eml").read_bytes()
    copy = b"Received: from elsewhere\r\n" + raw
    other = raw.replace(b"Message-ID: <postfix", b"Message-ID: <another")

    digests = [read(mail, (), BOUNCE).digest for mail in (raw, copy, other)]

    assert digests[0] == digests[1] != digests[2]


def test_strangers_text_becomes_one_harmless_line() -> None:
    assert judged("hostile-nul").diagnostic == "550 <script>alert(1)</script> [31m"


BOUNDARIES = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)
)
MESSAGES = b"Content-Type: message/rfc822\r\n\r\n" * 2000
PARTS = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 1000


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"From: a@b.c\r\n\r\n" + b"x" * LIMIT_BYTES, "is larger than 2 MB"),
        (BOUNDARIES, "is nested too deeply"),
        (MESSAGES, "is nested too deeply"),
        (PARTS, "has more than 200 parts"),
        (b"a: b\r\n" * 3000, "has more than 2000 fields"),
        (b"Content-Type: text/plain; " + b"a=b;\r\n " * 400, "has a field that is too long"),
    ],
    ids=["large", "multiparts", "messages", "parts", "fields", "parameters"],
)
def test_mail_beyond_the_limits_is_not_looked_into(raw: bytes, reason: str) -> None:
    verdict = read(raw, [f"bounce+{TOKEN}@example.org"], BOUNCE)

    assert (verdict.kind, verdict.reason) == (BounceKind.UNPARSED, reason)
    assert verdict.tokens == (TOKEN,)


def test_what_stops_a_parser_is_a_verdict_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(incoming, "report", stumble)

    verdict = judged("postfix-unknown-user")

    assert (verdict.kind, verdict.reason) == (
        BounceKind.UNPARSED,
        "stops the parser: RecursionError('too deep')",
    )


_PIECES = st.sampled_from(
    [
        (CORPUS / f"{name}.eml").read_bytes()
        for name in ("postfix-unknown-user", "arf-yahoo", "qmail-no-mailbox", "auto-chinese")
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_PIECES | st.binary(max_size=60), max_size=4), st.data())
def test_any_bytes_get_a_verdict_that_can_be_stored(
    pieces: list[bytes], data: st.DataObject
) -> None:
    raw = b"".join(pieces)
    at = data.draw(st.integers(0, len(raw)))
    raw = raw[:at] + data.draw(st.binary(max_size=20)) + raw[at + data.draw(st.integers(0, 40)) :]

    verdict = read(raw, (), BOUNCE)

    for text in (verdict.address, verdict.status, verdict.diagnostic, verdict.reason):
        assert text == text.encode().decode()
        assert text.isprintable()
    assert not verdict.reason.startswith("stops the parser")
