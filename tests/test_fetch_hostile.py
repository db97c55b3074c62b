"""Servers that mean harm, or are broken: each ends as a FetchError that says what happened."""

from __future__ import annotations

import gzip
import zlib

import pytest

from publisher.errors import FetchError
from publisher.fetch import Fetcher, Limits
from publisher.fetch.unpack import Unpacker
from tests.rig.certificate import Certificate, make_certificate
from tests.rig.hostile import HostileRig, Script, endless, head

MB = 1024 * 1024
SHORT = Limits(seconds=0.3, body_bytes=MB)
LIMITS = Limits(body_bytes=MB)
CHUNKED = "Transfer-Encoding: chunked"
GZIP = "Content-Encoding: gzip"
CLOSE = "Connection: close"
BOMB = gzip.compress(bytes(64 * MB), mtime=0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


async def fetch(rig: HostileRig, limits: Limits = LIMITS) -> bytes:
    async with Fetcher(agent="Test", allow_private=True, limits=limits) as fetcher:
        return (await fetcher.get(rig.url + "/feed?key=secret")).body


async def fault(answer: bytes | Script, limits: Limits = LIMITS) -> str:
    """Tell why the answer cannot be used; the sentence begins with the URL without its query."""
    async with HostileRig(answer) as rig:
        with pytest.raises(FetchError) as caught:
            await fetch(rig, limits)
    place, _, cause = str(caught.value).partition(": ")
    assert place == f"{rig.url}/feed"
    return cause


SLOW: dict[str, bytes | Script] = {
    "status": endless(b"HTTP/1.1 200", b" ", 0.01),
    "headers": endless(head()[:-2] + b"X-Slow: ", b"x", 0.01),
    "body": endless(head("Content-Length: 1000000"), b"x", 0.01),
    "chunks": endless(head(CHUNKED), b"1\r\nx\r\n", 0.01),
    "gzip": endless(head(GZIP, CLOSE) + gzip.compress(b""), gzip.compress(b""), 0.01),
    "interim answers": endless(b"", head(status="103 Early Hints")),
    "chunk extension": endless(head(CHUNKED) + b"1;", b"x" * 1000),
}


@pytest.mark.parametrize("part", SLOW)
async def test_whole_answer_must_come_in_time(part: str) -> None:
    cause = await fault(SLOW[part], SHORT)

    assert cause == "no whole answer within 0.3 s"


async def test_time_is_counted_over_all_redirects() -> None:
    async with HostileRig(head("Location: /feed", status="302 Found")) as rig:
        with pytest.raises(FetchError, match=r"no whole answer within 0\.3 s"):
            await fetch(rig, Limits(seconds=0.3, redirects=1_000_000))


async def test_connection_must_come_in_time() -> None:
    # The rig waits for the end of a request, and so never answers the handshake.
    async with HostileRig(b"") as rig:
        rig.url = rig.url.replace("http:", "https:")
        with pytest.raises(FetchError, match=r"no connection within 0\.3 s"):
            await fetch(rig, Limits(connect_seconds=0.3))


TOO_LARGE: dict[str, bytes | Script] = {
    "announced": head(f"Content-Length: {1024 * MB}"),
    "longer than announced for ever": endless(head(CLOSE), b"x" * 65536),
    "chunks for ever": endless(head(CHUNKED), b"10000\r\n" + b"x" * 0x10000 + b"\r\n"),
    "gzip bomb": head(GZIP, CLOSE) + BOMB,
    "deflate bomb": head("Content-Encoding: deflate", CLOSE) + zlib.compress(bytes(64 * MB)),
    "one byte too many": head(CLOSE) + bytes(MB + 1),
    "one byte too many, packed": head(GZIP, CLOSE) + gzip.compress(bytes(MB + 1)),
    "more packed than unpacked": endless(head(GZIP) + gzip.compress(b""), bytes(65536)),
}


@pytest.mark.parametrize("what", TOO_LARGE)
async def test_body_beyond_the_limit_is_refused(what: str) -> None:
    cause = await fault(TOO_LARGE[what])

    assert cause == "the answer is larger than 1.0 MB"


@pytest.mark.parametrize("lines", [[CLOSE], [GZIP, CLOSE]])
async def test_body_at_the_limit_is_taken(lines: list[str]) -> None:
    body = bytes(MB)
    async with HostileRig(head(*lines) + (gzip.compress(body) if GZIP in lines else body)) as rig:
        assert await fetch(rig) == body


def test_bomb_is_unpacked_no_further_than_asked() -> None:
    assert len(Unpacker(is_gzip=True).feed(BOMB, 1000)) == 1000


BROKEN_OFF = {
    "nothing": b"",
    "status": b"HTTP/1.1 200 O",
    "headers": b"HTTP/1.1 200 OK\r\nETag: 1\r\n",
    "body": head("Content-Length: 10") + b"Hello",
    "chunk": head(CHUNKED) + b"a\r\nHello",
    "no last chunk": head(CHUNKED) + b"5\r\nHello\r\n",
    "gzip": head(GZIP, CLOSE) + gzip.compress(b"Hello")[:-1],
    "second member": head(GZIP, CLOSE) + gzip.compress(b"Hello") + gzip.compress(b"you")[:9],
    "deflate": head("Content-Encoding: deflate", CLOSE) + zlib.compress(b"Hello")[:-1],
}


@pytest.mark.parametrize("where", BROKEN_OFF)
async def test_answer_that_breaks_off_is_none(where: str) -> None:
    cause = await fault(BROKEN_OFF[where])

    assert cause == "the answer broke off before its end"


NOT_HTTP: dict[str, bytes | Script] = {
    "header for ever": endless(head()[:-2] + b"X-Bomb: ", b"x" * 1000),
    "headers for ever": endless(head()[:-2], b"X-Bomb: x\r\n"),
    "status for ever": endless(b"HTTP/1.1 200 ", b"x" * 1000),
    "a long header": head("X-Bomb: " + "x" * 20_000, "Content-Length: 0"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no head": b"<html>Hello</html>",
    "no status": head("Content-Length: 0", status="OK"),
    "nonsense": endless(b"", b"\x00\xff" * 1000),
    "negative length": head("Content-Length: -1") + b"Hello",
    "length of many digits": head("Content-Length: " + "9" * 5000) + b"Hello",
    "two lengths": head("Content-Length: 2", "Content-Length: 5") + b"Hello",
    "length and chunks": head("Content-Length: 5", CHUNKED) + b"5\r\nHello\r\n0\r\n\r\n",
    "chunk size": head(CHUNKED) + b"5\r\nHello\r\nxyz\r\n",
    "huge chunk size": head(CHUNKED) + b"f" * 100 + b"\r\n",
    "NUL in a header": head("ETag: a\0b", "Content-Length: 0"),
}


@pytest.mark.parametrize("what", NOT_HTTP)
async def test_what_is_not_http_is_no_answer(what: str) -> None:
    cause = await fault(NOT_HTTP[what])

    assert cause == "the answer is not proper HTTP"


async def test_trailers_for_ever_are_no_answer() -> None:
    await fault(endless(head(CHUNKED) + b"0\r\n", b"X-Bomb: x\r\n"))


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (head("Content-Encoding: br", CLOSE), "packed in a way that was not asked for"),
        (head("Content-Encoding: gzip, gzip", CLOSE), "packed in a way that was not asked for"),
        (head(GZIP, CLOSE) + b"Hello", "packed wrongly"),
        (head(GZIP, CLOSE) + gzip.compress(b"Hello")[:-8] + bytes(8), "packed wrongly"),
        (head(GZIP, CLOSE) + gzip.compress(b"") * 1001, "packed in too many parts"),
    ],
    ids=["unknown", "twice", "not at all", "wrong checksum", "million members"],
)
async def test_body_that_cannot_be_unpacked_is_refused(answer: bytes, cause: str) -> None:
    assert await fault(answer) == f"the answer is {cause}"


async def test_length_that_a_304_tells_is_not_its_own() -> None:
    answer = head("Content-Length: 9999999999", status="304 Not Modified")
    async with HostileRig(answer) as rig:
        assert await fetch(rig) == b""


async def test_bytes_that_follow_an_answer_are_not_the_next_one() -> None:
    stray = head("Content-Length: 5") + b"stray"
    async with (
        HostileRig(head("Content-Length: 5") + b"Hello" + stray) as rig,
        Fetcher(agent="Test", allow_private=True) as fetcher,
    ):
        answers = [await fetcher.get(rig.url) for _ in range(2)]

    assert [answer.body for answer in answers] == [b"Hello", b"Hello"]


async def test_headers_hold_only_what_can_be_stored_and_sent_back() -> None:
    answer = head("Content-Length: 0")[:-2] + b'ETag: "\xff\x01"\r\n\r\n'
    async with (
        HostileRig(answer) as rig,
        Fetcher(agent="Test", allow_private=True) as fetcher,
    ):
        etag = (await fetcher.get(rig.url)).headers["etag"]
        await fetcher.get(rig.url, {"If-None-Match": etag})

    assert etag == '"\ufffd\ufffd"'


async def test_headers_of_one_name_are_one() -> None:
    answer = head("Link: <a>", "Content-Length: 0", "LINK: <b>")
    async with (
        HostileRig(answer) as rig,
        Fetcher(agent="Test", allow_private=True) as fetcher,
    ):
        headers = (await fetcher.get(rig.url)).headers

    assert headers == {"link": "<a>, <b>", "content-length": "0"}


async def test_location_in_no_encoding_is_followed_byte_for_byte() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: /caf\xe9\r\n\r\n"
    async with HostileRig(answer) as rig:
        with pytest.raises(FetchError):
            await fetch(rig, Limits(redirects=1))

    assert [asked.split()[1] for asked in rig.requests] == [b"/feed?key=secret", b"/caf%E9"]


async def test_certificate_of_its_own_making_is_refused(certificate: Certificate) -> None:
    async with HostileRig(head("Content-Length: 0"), tls=certificate.server_context()) as rig:
        with pytest.raises(FetchError) as caught:
            await fetch(rig)

    assert str(caught.value) == (
        f"{rig.url}/feed: the TLS certificate is not valid for it (self-signed certificate)"
    )
    assert rig.requests == []


async def test_certificate_of_a_known_authority_is_accepted(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate_file))
    answer = head("Content-Length: 5") + b"Hello"
    async with HostileRig(answer, tls=certificate.server_context()) as rig:
        assert await fetch(rig) == b"Hello"


async def test_certificate_for_another_name_is_refused(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate_file))
    async with HostileRig(b"", tls=certificate.server_context()) as rig:
        # A spelling of the same host that the certificate does not hold.
        rig.url = rig.url.replace("127.0.0.1", "[::ffff:127.0.0.1]")
        with pytest.raises(FetchError, match="the TLS certificate is not valid for it"):
            await fetch(rig)

    assert rig.requests == []


async def test_server_without_tls_cannot_be_asked_over_https() -> None:
    async with HostileRig(b"220 mail.example ESMTP\r\n", rash=True) as rig:
        rig.url = rig.url.replace("http:", "https:")
        with pytest.raises(FetchError, match="no TLS connection can be agreed on"):
            await fetch(rig)


async def test_server_that_is_down_cannot_be_asked() -> None:
    async with HostileRig(b"") as rig:
        pass

    with pytest.raises(FetchError, match=r"no connection can be made \(Connection refused\)"):
        await fetch(rig)
