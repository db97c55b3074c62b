from __future__ import annotations

import pytest

from publisher.errors import AddressError
from publisher.mail.address import parse
from publisher.mail.verp import verp, verp_token
from publisher.model import Address

BOUNCE = parse("Bounces@example.org")


def test_verp_token_reads_what_verp_wrote() -> None:
    sender = verp(BOUNCE, "abc234")

    assert sender == "Bounces+abc234@example.org"
    assert verp_token(sender, BOUNCE) == "abc234"


def test_verp_makes_a_usable_address() -> None:
    sender = verp(BOUNCE, "a" * 43)

    assert sender == parse(sender).mailbox


def test_verp_token_takes_any_case() -> None:
    assert verp_token("BOUNCES+ABC234@EXAMPLE.ORG", BOUNCE) == "ABC234"


def test_verp_keeps_a_tag_of_the_bounce_address() -> None:
    tagged = parse("mail+bounce@example.org")

    assert verp_token(verp(tagged, "abc"), tagged) == "abc"


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "bounces@example.org",
        "bounces+@example.org",
        "bounces+abc@example.com",
        "bounces+abc",
        "other+abc@example.org",
        "bounces+x+abc@example.org",
        "bounces+a\nb@example.org",
        "bounces+äb@example.org",
        "<bounces+abc@example.org>",
    ],
)
def test_verp_token_is_none_for_a_foreign_recipient(recipient: str) -> None:
    assert None is verp_token(recipient, BOUNCE)


def test_verp_refuses_a_local_part_over_64_octets() -> None:
    roomy, tight = (Address(mailbox="b" * size + "@example.org") for size in (20, 21))

    assert len(verp(roomy, "a" * 43).partition("@")[0]) == 64
    with pytest.raises(AddressError, match="20 would do"):
        verp(tight, "a" * 43)


@pytest.mark.parametrize("token", ["", "a\r\nb", "a@b", "a b", "a+b", "ä"])
def test_verp_refuses_a_token_that_is_none(token: str) -> None:
    with pytest.raises(AddressError):
        verp(BOUNCE, token)
