"""A value is only ever a value: no name, title or URL becomes a header, a body or a marker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from publisher.errors import AddressError
from publisher.mail.compose import ListFields, prepare
from publisher.mail.slots import END, START, Slot, marker
from publisher.model import Address
from tests.mail.sample import LIST, READER, RENDITION, TRANSACTIONAL, bodies, composed, parsed


def test_value_that_looks_like_a_marker_is_not_filled_again() -> None:
    name = f"{START}address{END}"

    message = parsed(composed(values={Slot.NAME: name}).content)

    assert bodies(message)[0] == ("text/plain", f"Dear {name},\n")


@pytest.mark.parametrize("character", "\r\n\0\t\v\x85\u2028\u2029\ud800")
@pytest.mark.parametrize("slot", [Slot.NAME, Slot.UNSUBSCRIBE_URL])
def test_value_with_a_control_character_is_refused(slot: Slot, character: str) -> None:
    with pytest.raises(ValueError, match=r"control character|not an absolute one"):
        composed(values={slot: f"https://x{character}Bcc: eve@example.org"})


@pytest.mark.parametrize("character", "\r\n\0\x85\u2028")
def test_subject_with_a_control_character_is_refused(character: str) -> None:
    rendition = replace(RENDITION, subject=f"Five{character}Bcc: eve@example.org")

    with pytest.raises(ValueError, match="the subject holds a control character"):
        prepare(rendition, LIST)


def test_subject_filled_with_a_control_character_is_refused() -> None:
    rendition = replace(RENDITION, subject=marker(Slot.NAME), text="", html="")

    with pytest.raises(ValueError, match="the subject holds a control character"):
        composed(rendition=rendition, values={Slot.NAME: "Ann\nBcc: eve@example.org"})


@pytest.mark.parametrize(
    "mailing_list",
    [
        ListFields(title="The\nDigest", identifier="digest.example.org"),
        ListFields(title="The\u2028Digest", identifier="digest.example.org"),
        ListFields(title="The Digest", identifier="digest\r\nBcc: eve.example.org"),
        ListFields(title="", identifier="a.example.org", archive="https://a\r\n/"),
        ListFields(title="", identifier="a.example.org", archive="https://a>,<mailto:e@a"),
        ListFields(title="", identifier="a.example.org", archive="javascript:alert(1)"),
    ],
)
def test_list_fields_that_would_be_more_than_themselves_are_refused(
    mailing_list: ListFields,
) -> None:
    with pytest.raises(ValueError, match=r"control characters|one header field|absolute one"):
        prepare(RENDITION, replace(LIST, mailing_list=mailing_list))


@pytest.mark.parametrize("hostile", ["<a@b>\r\nBcc: eve@example.org", "<a@b>\n", "<\0@b>"])
def test_hostile_message_id_is_refused(hostile: str) -> None:
    with pytest.raises(ValueError, match="one header field"):
        composed(message_id=hostile)


def test_hostile_people_are_refused() -> None:
    eve = Address(mailbox="eve@example.org", name="Eve\r\nBcc: all@example.org")

    with pytest.raises(AddressError):
        composed(recipient=eve)
    for headers in (replace(LIST, sender=eve), replace(LIST, reply_to=eve)):
        with pytest.raises(AddressError):
            prepare(RENDITION, headers)


def test_value_that_a_rendition_needs_must_be_there() -> None:
    prepared = prepare(RENDITION, TRANSACTIONAL)

    with pytest.raises(KeyError):
        prepared.message(recipient=READER, envelope_sender="", message_id="<a@b>", values={})


def test_faults_do_not_show_what_may_be_a_token() -> None:
    with pytest.raises(ValueError, match="unsubscribe page") as caught:
        composed(values={Slot.UNSUBSCRIBE_URL: "https://example.org/u/sec ret"})

    assert "sec" not in str(caught.value)
