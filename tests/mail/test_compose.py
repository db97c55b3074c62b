from __future__ import annotations

import html
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.mail import wire
from publisher.mail.compose import ListFields, list_identifier, message_id, prepare
from publisher.mail.slots import END, START, Slot, marker, split
from tests.golden.mail import make
from tests.mail.reading import person, unfolded_field
from tests.mail.sample import (
    DATE,
    LIST,
    READER,
    RENDITION,
    TRANSACTIONAL,
    VALUES,
    bodies,
    composed,
    parsed,
)


def substituted(text: str, values: dict[Slot, str]) -> str:
    return "".join(values[piece] if isinstance(piece, Slot) else piece for piece in split(text))


def lined(text: str) -> str:
    """End every line with \\n, the last one too."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n") + "\n"


# --- the bytes say what plain substitution would ------------------------------------------

one_line = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters=START + END),
    max_size=120,
)
hostile_lines = st.sampled_from(
    [
        *("", ".", "..", " ", "a ", "=", "=3D", "=?utf-8?q?x?=", "From me", "x" * 300, "é" * 90),
        *("<script>alert('1')</script>", '"><a href="', "&amp;", "a b " * 60, "\u00a0", "名" * 60),
    ]
)
value = one_line | hostile_lines
text_pieces = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=START + END)),
    hostile_lines,
    st.sampled_from(["\n", "\r\n", "\r", " \n", "\t\n", "\n.\n", "\n..", "\n\n", "--=_ab\n", "\0"]),
    st.sampled_from(Slot).map(marker),
    st.sampled_from(Slot).map(lambda slot: f'<a href="{marker(slot)}">'),
)
text_with_slots = st.lists(text_pieces, max_size=12).map("".join)
subject_with_slots = st.lists(value | st.sampled_from(Slot).map(marker), max_size=4).map("".join)
slot_values = st.fixed_dictionaries(
    {slot: value for slot in Slot if slot is not Slot.UNSUBSCRIBE_URL}
    | {
        Slot.UNSUBSCRIBE_URL: st.from_regex(
            r"https://example\.org/u/[a-z2-7=&']{1,200}", fullmatch=True
        )
    }
)


@example(
    subject="",
    text="" + "0" * 73 + "0 \n" + "x" * 75 + " \n" + "x" * 74 + "\t\n",
    page="",
    name="",
    values=VALUES,
)
@settings(deadline=None)  # it measures the machine's other work
@given(
    subject=subject_with_slots,
    text=text_with_slots,
    page=text_with_slots,
    name=value.map(lambda name: " ".join(name.split())),
    values=slot_values,
)
@example(
    subject=marker(Slot.NAME),
    text=marker(Slot.NAME) * 2 + "x" * 75 + marker(Slot.NAME),
    page=f'<a href="{marker(Slot.UNSUBSCRIBE_URL)}">{marker(Slot.NAME)}',
    name='O\'Hara, "Z"',
    values=VALUES | {Slot.NAME: "." + "<" * 100 + " "},
)
def test_message_reads_as_plain_substitution_and_as_the_reference(
    subject: str, text: str, page: str, name: str, values: dict[Slot, str]
) -> None:
    rendition = replace(RENDITION, subject=subject, text=text, html=page)
    recipient = replace(READER, name=name)
    plain = substituted(lined(text), values)
    rich = substituted(lined(page), {slot: html.escape(each) for slot, each in values.items()})

    made = composed(rendition=rendition, recipient=recipient, values=values)
    content = made.content

    assert_fit_for_the_wire(content)
    assert made == wire.message(made.envelope, content)
    message = parsed(content)
    assert bodies(message) == [("text/plain", plain), ("text/html", rich)]
    assert message.defects == []
    assert str(message["Subject"]) == substituted(subject, values)
    assert person(unfolded_field(content, "To")) == (name, READER.mailbox)
    assert message["List-Unsubscribe"] == f"<{values[Slot.UNSUBSCRIBE_URL]}>"
    reference = EmailMessage()
    reference.set_content(plain, cte="quoted-printable")
    reference.add_alternative(rich, subtype="html", cte="quoted-printable")
    assert bodies(message) == bodies(parsed(reference.as_bytes(policy=SMTP)))


def test_headers_read_as_those_of_the_reference() -> None:
    reference = EmailMessage(policy=SMTP)
    reference["From"] = "News <news@example.org>"
    reference["Reply-To"] = "Chief Editor <editor@example.org>"
    reference["Date"] = DATE
    reference["List-Id"] = "The Digest <digest.example.org>"
    reference["List-Archive"] = "<https://example.org/newsletters/digest>"
    reference["Auto-Submitted"] = "auto-generated"
    reference["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    reference["Subject"] = "Fünf “stories” " + "and more " * 20
    reference["To"] = "Zoë <ann@example.net>"
    reference["Message-ID"] = "<abc@example.org>"
    reference["List-Unsubscribe"] = "<https://example.org/u/abc>"
    reference["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"

    content = composed(
        rendition=replace(RENDITION, subject="Fünf “stories” " + "and more " * 20),
        recipient=replace(READER, name="Zoë"),
    ).content

    expected = parsed(reference.as_bytes()).items()
    mime = {"mime-version", "content-type"}
    assert [
        (name, str(field)) for name, field in parsed(content).items() if name.lower() not in mime
    ] == [(name, str(field)) for name, field in expected]


def assert_fit_for_the_wire(content: bytes) -> None:
    assert content.isascii()
    assert b"\0" not in content
    assert content.endswith(b"\r\n")
    assert content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n")
    head, _, body = content.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 76
    for line in head.split(b"\r\n"):
        assert len(line) <= 998
        assert b"=?" not in line or len(line) <= 76 or line.startswith(b"List-Unsubscribe:")


# --- the header ---------------------------------------------------------------------------


def test_long_unsubscribe_url_stays_on_one_line() -> None:
    url = "https://example.org/u/" + "a1=&" * 60

    content = composed(values={Slot.UNSUBSCRIBE_URL: url}).content

    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in content
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content


def test_mail_that_unsubscribes_is_named_behind_the_url_on_the_same_line() -> None:
    url = "https://example.org/u/abc"

    content = composed(
        values={Slot.UNSUBSCRIBE_URL: url}, leaves_by="what?&more%+abc@example.org"
    ).content

    mailto = "mailto:what%3F%26more%25+abc@example.org?subject=unsubscribe"
    assert f"\r\nList-Unsubscribe: <{url}>, <{mailto}>\r\n".encode() in content


def test_unsubscribe_url_that_no_line_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="one header field"):
        composed(values={Slot.UNSUBSCRIBE_URL: "https://example.org/" + "a" * 1000})


def test_one_click_is_offered_on_a_site_that_is_tried_out_over_http() -> None:
    message = parsed(composed(values={Slot.UNSUBSCRIBE_URL: "http://127.0.0.1:8000/u/a"}).content)

    assert message["List-Unsubscribe"] == "<http://127.0.0.1:8000/u/a>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_transactional_mail_has_no_list_fields() -> None:
    values: dict[Slot, str] = dict(VALUES)
    del values[Slot.UNSUBSCRIBE_URL]

    content = (
        prepare(RENDITION, TRANSACTIONAL)
        .message(
            recipient=READER,
            envelope_sender="bounce@example.org",
            message_id="<a@example.org>",
            values=values,
        )
        .content
    )

    assert [name for name in parsed(content) if name.startswith("List-")] == []
    assert parsed(content)["Auto-Submitted"] == "auto-generated"


def test_page_of_the_message_stands_on_one_line() -> None:
    url = "https://example.org/newsletters/digest/issues/" + "1" * 80

    content = composed(headers=replace(LIST, archived_at=url)).content

    assert f"\r\nArchived-At: <{url}>\r\n".encode() in content


def test_page_of_the_message_that_is_no_url_is_refused() -> None:
    with pytest.raises(ValueError, match="URL of the page in the archive"):
        composed(headers=replace(LIST, archived_at="/newsletters/digest/issues/1"))


def test_list_may_have_neither_title_nor_archive() -> None:
    bare = ListFields(title="", identifier="digest.example.org")

    message = parsed(composed(headers=replace(LIST, mailing_list=bare)).content)

    assert message["List-Id"] == "<digest.example.org>"
    assert "List-Archive" not in message


def test_envelope_is_apart_from_the_header() -> None:
    message = composed()

    assert (message.envelope.sender, message.envelope.recipient) == (
        "bounce+abc@example.org",
        "ann@example.net",
    )
    assert parsed(message.content)["From"] == "News <news@example.org>"


def test_same_arguments_give_the_same_bytes() -> None:
    assert composed() == composed()


def test_boundary_belongs_to_the_rendition() -> None:
    other = composed(rendition=replace(RENDITION, key="12/de"))

    assert parsed(composed().content).get_boundary() != parsed(other.content).get_boundary()


@pytest.mark.parametrize("field", ["subject", "text", "html"])
def test_faulty_marker_is_refused_when_prepared(field: str) -> None:
    faulty = replace(RENDITION, **{field: f"{START}nmae{END}"})  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="unknown slot 'nmae'"):
        prepare(faulty, LIST)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://News.Example.org", "digest.news.example.org"),
        ("http://127.0.0.1:8000", "digest.127.0.0.1"),
        ("https://bücher.example.org/site", "digest.xn--bcher-kva.example.org"),
    ],
)
def test_list_identifier_stands_in_our_domain(base_url: str, expected: str) -> None:
    assert list_identifier("digest", base_url) == expected


def test_message_id_is_the_same_in_every_attempt_and_differs_for_each_person() -> None:
    key = b"k" * 32
    each: list[tuple[int | str, ...]] = [(1, 23), (12, 3), ("1", 23)]

    made = [message_id(key, *parts, domain="a.org") for parts in each]

    assert made[0] == message_id(key, 1, 23, domain="a.org")
    assert len({*made, message_id(b"x" * 32, 1, 23, domain="a.org")}) == 4
    assert len(made[0]) == len("<@a.org>") + 32


def test_golden_message() -> None:
    assert make.compose().content == make.EXPECTED.read_bytes()
