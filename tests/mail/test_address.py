from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import AddressError
from publisher.mail.address import MAX_NAME, clean_name, header, key, parse
from publisher.model import Address
from tests.mail.reading import person


@pytest.mark.parametrize(
    ("text", "mailbox", "name"),
    [
        ("ann@example.org", "ann@example.org", ""),
        ("  ann@example.org ", "ann@example.org", ""),
        ("<ann@example.org>", "ann@example.org", ""),
        ("Ann Example <ann@example.org>", "ann@example.org", "Ann Example"),
        ("J. R. Smith (Jr), MP <j@example.org>", "j@example.org", "J. R. Smith (Jr), MP"),
        ('"Smith, \\"Jo\\" <x>" <j@example.org>', "j@example.org", 'Smith, "Jo" <x>'),
        ("王小明 <wang@example.org>", "wang@example.org", "王小明"),
        ("Ann   \u3000 Example<ann@example.org>", "ann@example.org", "Ann Example"),
        ("Ann.B+News@EXAMPLE.Org", "Ann.B+News@example.org", ""),
        ("ann@bücher.example.org", "ann@xn--bcher-kva.example.org", ""),
        ("ann@XN--BCHER-KVA.example.org", "ann@xn--bcher-kva.example.org", ""),
    ],
)
def test_parse_reads(text: str, mailbox: str, name: str) -> None:
    assert Address(mailbox=mailbox, name=name) == parse(text)


def test_parse_takes_a_name_from_elsewhere() -> None:
    assert parse("Old <ann@example.org>", name=" Ann ").name == "Ann"
    assert parse("Old <ann@example.org>", name="").name == ""


@pytest.mark.parametrize("character", "\r\n\0\t\v\f\x1b\x7f\x85\u2028\u2029\ud800")
@pytest.mark.parametrize(
    "text",
    ["a{}b@example.org", "a@exa{}mple.org", "A{}B <a@example.org>", "a@example.org>{}RCPT TO:<e"],
)
def test_parse_refuses_control_characters(character: str, text: str) -> None:
    with pytest.raises(AddressError, match=f"U\\+{ord(character):04X}"):
        parse(text.format(character))


@pytest.mark.parametrize("text", ["a@example.org\n", "\r\na@example.org", "A\n <a@example.org>"])
def test_parse_refuses_line_ends_outside(text: str) -> None:
    with pytest.raises(AddressError):
        parse(text)


@pytest.mark.parametrize("character", "\r\n\0\u2028")
def test_parse_refuses_control_characters_in_a_name_from_elsewhere(character: str) -> None:
    with pytest.raises(AddressError, match="control character"):
        parse("a@example.org", name=f"Ann{character}Bcc: e@example.org")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@localhost",
        "ann@example..org",
        ".ann@example.org",
        "a b@example.org",
        '"a b"@example.org',
        "ann@[192.0.2.1]",
        "ann@example.org>",
        "<ann@example.org",
        "ann@example.org> RCPT TO:<eve@example.org",
        "Ann <ann@example.org> <eve@example.org>",
        "Ann <ann@example.org>, Eve <eve@example.org>",
        "ann@example.org, eve@example.org",
        "ann@example.org eve@example.org",
        "Ann <>",
        "zoë@example.org",
        "ann＠example.org",  # noqa: RUF001 (a full-width at-sign is the point)
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org",
        "a@" + "bcd." * 64 + "org",
        "<" * 600,
        '"' * 600 + "<a@example.org>",
    ],
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(AddressError):
        parse(text)


def test_parse_says_that_a_local_part_is_not_ascii() -> None:
    with pytest.raises(AddressError, match="Internationalized characters before the @-sign"):
        parse("zoë@example.org")


@pytest.mark.parametrize("character", "\u202a\u202e\u2066\u2069")
def test_parse_refuses_a_name_that_turns_the_direction(character: str) -> None:
    with pytest.raises(AddressError, match="turns the direction of writing"):
        parse(f"gro{character} <a@example.org>")


def test_parse_takes_a_name_with_marks_of_direction() -> None:
    assert "ليلى\u200f" == parse("ليلى\u200f <a@example.org>").name


@given(st.text(max_size=3 * MAX_NAME))
def test_clean_name_is_one_that_parse_takes(text: str) -> None:
    name = clean_name(text)

    assert name == parse("a@example.org", name=name).name == clean_name(name)


def test_parse_bounds_what_it_looks_at() -> None:
    with pytest.raises(AddressError, match="the address is too long"):
        parse("a" * 100_000)


def test_parse_bounds_the_name() -> None:
    assert parse("a@example.org", name="n" * MAX_NAME).name == "n" * MAX_NAME
    with pytest.raises(AddressError, match="longer than 200"):
        parse("a@example.org", name="n" * (MAX_NAME + 1))


def test_key_joins_spellings_of_one_mailbox() -> None:
    spellings = ["Ann <ann@example.org>", "ANN@Example.ORG", "a@bücher.example.org"]

    assert [key(parse(spelling)) for spelling in spellings] == [
        "ann@example.org",
        "ann@example.org",
        "a@xn--bcher-kva.example.org",
    ]


def test_key_keeps_tags_and_dots_apart() -> None:
    assert len({key(parse(f"{local}@example.org")) for local in ("ab", "a.b", "ab+x")}) == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "a@example.org"),
        ("Ann Example", "Ann Example <a@example.org>"),
        ("Smith, J.", '"Smith, J." <a@example.org>'),
        ('a "b" \\c', '"a \\"b\\" \\\\c" <a@example.org>'),
        ("eve@example.org", '"eve@example.org" <a@example.org>'),
        ("Zoë", "=?utf-8?q?Zo=C3=AB?= <a@example.org>"),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@example.org>"),
    ],
)
def test_header_quotes_or_encodes_the_name(name: str, expected: str) -> None:
    assert expected == header(Address(mailbox="a@example.org", name=name))


@settings(deadline=None)  # it measures the machine's other work
@given(
    name=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=MAX_NAME).map(
        lambda name: " ".join(name.split())
    )
)
def test_header_is_read_back_as_the_same_person(name: str) -> None:
    address = Address(mailbox="a.b+c@example.org", name=name)

    field = header(address)

    assert person(field) == (name, "a.b+c@example.org")
    assert all(len(word) <= 75 for word in field.split(" ") if word.startswith("=?"))


@pytest.mark.parametrize(
    "address",
    [
        Address(mailbox="a@example.org", name="Ann\r\nBcc: e@example.org"),
        Address(mailbox="a@example.org", name="Ann\u2028"),
        Address(mailbox="a@example.org", name="Ann\0"),
        Address(mailbox="a@example.org>\r\nRCPT TO:<e@example.org"),
        Address(mailbox="a@example.org\n"),
        Address(mailbox="a@example.org, e@example.org"),
        Address(mailbox="zoë@example.org"),
        Address(mailbox="a" * 300 + "@example.org"),
        Address(mailbox=""),
    ],
)
def test_header_refuses_what_parse_would_not_have_made(address: Address) -> None:
    with pytest.raises(AddressError):
        header(address)


# --- most addresses go a shorter way, which must lead to the same place


def judged(text: str) -> str | None:
    """Give what email-validator makes of an address, None if it refuses it."""
    try:
        parts = validate_email(text, allow_smtputf8=False, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    return f"{parts.ascii_local_part}@{parts.ascii_domain}"


def taken(text: str) -> str | None:
    try:
        return parse(text).mailbox
    except AddressError:
        return None


LABEL = "a" * 63
LONG = f"{LABEL}.{LABEL}.{LABEL}"


@pytest.mark.parametrize(
    "text",
    [
        "Ann.B+News@Mail.Example.ORG",
        "a!#$%&'*+-/=?^_`{|}~z@example.org",
        "Info@example.org",
        "NEWS@example.org",
        "news.desk@example.org",
        f"{'l' * 64}@example.org",
        f"{'l' * 65}@example.org",
        f"a@{LABEL}.org",
        f"a@{LABEL}a.org",
        f"a@example.{LABEL}",
        f"a@example.{LABEL}a",
        f"{'l' * 51}@{LONG}.{'b' * 10}",
        f"{'l' * 52}@{LONG}.{'b' * 10}",
        f"{'l' * 50}@{LONG}.{'b' * 12}",
        "a@b",
        "a@example.org.",
        "a@.example.org",
        "a@example..org",
        "a@-example.org",
        "a@example-.org",
        "a@exam-ple.org",
        "a@ex--ample.org",
        "a@exa--mple.org",
        "a@xn--bcher-kva.example",
        "a@XN--BCHER-KVA.de",
        "a@xn--a.org",
        "a@example.xn--p1ai",
        "a@example.c0m",
        "a@example.co0",
        "a@1.2.3.4",
        "a@[1.2.3.4]",
        "a@under_score.org",
        "a@test",
        "a@example.test",
        "a@example.TEST",
        "a@latest",
        "a@my.contest",
        "a@printer.local",
        "a@x.localhost",
        "a@x.invalid",
        "a@1.0.0.127.in-addr.arpa",
        "a@hidden.onion",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
        '"a b"@example.org',
        "a@b@example.org",
        "@example.org",
        "a@",
        "a b@example.org",
        "a@exa mple.org",
        "a@ex\u0430mple.org",
        "\u0430@example.org",
        "a@example\u3002org",
        "a\u0301@example.org",
        "a@\u212aelvin.org",
        "a\uff20example.org",
        "a@example.org\u0301",
    ],
)
def test_parse_says_what_email_validator_says(text: str) -> None:
    assert judged(text) == taken(text)


@settings(max_examples=400, deadline=None)
@given(
    local=st.text("aZ0._+-!'xntes@ \u00e9", max_size=8),
    domain=st.lists(
        st.text("aZ0-_xntes\u00df", min_size=0, max_size=6)
        | st.sampled_from(["xn--bcher-kva", "test", "LOCAL", "arpa", "com", LABEL]),
        min_size=1,
        max_size=4,
    ).map(".".join),
)
def test_parse_agrees_with_email_validator_on_anything(local: str, domain: str) -> None:
    text = f"{local}@{domain}".strip(" ")

    assert judged(text) == taken(text)


@pytest.mark.parametrize("name", ["Ann", "Ann  B", " Ann", "Zo\u00eb", "x" * 201, "A\u202eB"])
def test_a_name_is_judged_alike_beside_any_address(name: str) -> None:
    def shown(text: str) -> str | None:
        try:
            return parse(text, name=name).name
        except AddressError:
            return None

    assert shown("<ann@example.org>") == shown("ann@example.org")
