"""What is never asked, whoever wants it asked: other schemes, other ports, private addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from publisher.errors import FetchError
from publisher.fetch import Fetcher
from publisher.fetch.addresses import PrivateAddress, is_public
from tests.rig.web import Page, WebRig


@pytest.fixture
async def web() -> AsyncIterator[WebRig]:
    async with WebRig() as rig:
        yield rig


async def refusal(url: str, *, allow_private: bool = False) -> str:
    async with Fetcher(agent="Test", allow_private=allow_private) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.get(url)
    return str(caught.value)


# --- addresses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0x7f.1",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "10.0.0.1",
        "169.254.169.254",
        "\uff11\uff12\uff17.0.0.1",
    ],
)
async def test_private_address_is_not_asked_however_it_is_written(web: WebRig, host: str) -> None:
    said = await refusal(web.url.replace("127.0.0.1", host) + "/")

    assert "is private; set allow_private = true if that is meant" in said
    assert web.requests == []


@pytest.mark.parametrize("host", ["2130706433", "017700000001", "0177.0.0.1", "127.1", "0"])
async def test_number_that_is_no_address_is_not_asked(web: WebRig, host: str) -> None:
    said = await refusal(web.url.replace("127.0.0.1", host) + "/")

    assert said.endswith(": this is not an address that can be asked")
    assert web.requests == []


async def test_refusal_of_an_address_names_it_and_the_url_without_secrets() -> None:
    said = await refusal("http://me:secret@localhost/feed?key=secret#secret")

    assert said in {
        f"http://localhost/feed: the address {address} is private;"
        " set allow_private = true if that is meant"
        for address in ("127.0.0.1", "::1")
    }


async def test_form_is_not_sent_to_a_private_address(web: WebRig) -> None:
    async with Fetcher(agent="Test") as fetcher:
        with pytest.raises(FetchError, match=r"the address 127\.0\.0\.1 is private"):
            await fetcher.post(web.url + "/", {"word": "secret"})

    assert web.requests == []


PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::7f00:1",
    "2001:db8::1",
    "2002:a00:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "localhost",
    "127.1",
    "",
]
PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_address_outside_the_public_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_address_of_the_public_network_is_public(address: str) -> None:
    assert is_public(address)


def test_refused_addresses_differ_in_no_text() -> None:
    """Else the connector makes one plain error of those of a name with several addresses."""
    assert str(PrivateAddress("127.0.0.1")) == str(PrivateAddress("::1"))


# --- schemes, ports and what is no URL ----------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "data:text/plain,Hello",
        "javascript:alert(1)",
        "tcp://127.0.0.1/",
        "unix:///run/socket",
        "ws://127.0.0.1/",
        "//127.0.0.1/",
        "/feed",
        "http:///feed",
        "http:feed",
        "",
    ],
)
async def test_only_http_and_https_are_asked(url: str) -> None:
    said = await refusal(url, allow_private=True)

    assert said == f"{url}: this is not an http or https address"


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:port/",
        "http://a..b/",
        "http://" + "a" * 70 + ".example/",
        "http://a\\b/",
        "http://\udcff/",
    ],
)
async def test_what_is_no_url_is_not_asked(url: str) -> None:
    said = await refusal(url, allow_private=True)

    assert said.endswith(": this is not an address that can be asked")


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@127.0.0.1:1/?secret",
        "http://me:se/cret@127.0.0.1:1/",
        "http://me:secret?@127.0.0.1:1/",
        "http:me:secret@127.0.0.1",
        "ftp://me:secret@127.0.0.1/",
        "http://127.0.0.1:1/#secret",
    ],
)
async def test_refusal_shows_no_secret(url: str) -> None:
    said = await refusal(url)

    assert "127.0.0.1" in said
    assert "cret" not in said


async def test_refusal_is_one_line_of_bounded_length() -> None:
    said = await refusal("http://127.0.0.1/\n\u2028\x1b[31m" + "x" * 10_000)

    assert said.isprintable()
    assert len(said) < 400


async def test_header_that_cannot_be_sent_is_refused_by_name(web: WebRig) -> None:
    async with Fetcher(agent="Test", allow_private=True) as fetcher:
        with pytest.raises(FetchError, match="the header authorization would hold") as caught:
            await fetcher.get(web.url, {"Authorization": "Bearer secret\n"})

    assert "secret" not in str(caught.value)


# --- the same along redirects -------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "cause"),
    [
        ("file:///etc/passwd", "this is not an http or https address"),
        ("ftp://127.0.0.1/", "this is not an http or https address"),
        ("data:text/plain,Hello", "this is not an http or https address"),
        ("http://127.0.0.1:22/", "port 22 is not one that may be asked"),
        ("//me:secret@127.0.0.1/", "a redirect to an address with credentials in it is not"),
        ("//me@127.0.0.1/", "a redirect to an address with credentials in it is not"),
        ("http://[", "it redirects to something that is no address"),
        ("http://127.0.0.1:99999/", "it redirects to something that is no address"),
        ("http://2130706433/", "this is not an address that can be asked"),
    ],
)
async def test_redirect_to_what_may_not_be_asked_is_not_followed(
    web: WebRig, location: str, cause: str
) -> None:
    web.pages["/feed"] = Page(status=302, headers={"Location": location})

    said = await refusal(web.url + "/feed", allow_private=True)

    assert said.startswith(f"{web.url}/feed")
    assert f": {cause}" in said
    assert "secret" not in said
