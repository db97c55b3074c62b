"""The page of the capturing mail server, fed by that server."""

from __future__ import annotations

import asyncio
import smtplib
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from publisher.capture import CaptureServer, caught
from publisher.web.site import Site
from tests.web.conftest import Serving

MAIL = (
    b"From: news@example.org\r\nTo: ana@example.org\r\nSubject: Hello <b>Ana</b>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<p>Read on.</p><script>alert("caught")</script>\r\n'
)


@pytest.fixture
async def client(site: Site, serving: Serving, tmp_path: Path) -> httpx.AsyncClient:
    server = CaptureServer("127.0.0.1", 0, tmp_path)
    await server.start()

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", server.port) as connection:
            connection.sendmail("bounce@example.org", ["ana@example.org"], MAIL)

    await asyncio.to_thread(send)
    await server.stop()
    return await serving(replace(site, caught=tmp_path))


async def test_the_list_leads_to_each_mail(client: httpx.AsyncClient, tmp_path: Path) -> None:
    (mail,) = caught(tmp_path)

    response = await client.get("/caught/")

    assert f'href="/caught/{mail.id}"' in response.text
    assert "Hello &lt;b&gt;Ana&lt;/b&gt;" in response.text


async def test_a_mail_is_shown_taken_apart(client: httpx.AsyncClient, tmp_path: Path) -> None:
    (mail,) = caught(tmp_path)

    response = await client.get(f"/caught/{mail.id}")

    assert "Hello &lt;b&gt;Ana&lt;/b&gt;" in response.text
    assert "<script>" not in response.text
    assert 'sandbox="allow-popups' in response.text


async def test_the_raw_mail_is_what_came_over_the_wire(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    (mail,) = caught(tmp_path)

    response = await client.get(f"/caught/{mail.id}.eml")

    assert response.content == MAIL
    assert response.headers["Content-Type"] == "message/rfc822"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{mail.id}.eml"'


async def test_the_html_part_runs_nothing_and_stands_in_our_frames_only(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    (mail,) = caught(tmp_path)

    response = await client.get(f"/caught/{mail.id}/html")

    policy = response.headers["Content-Security-Policy"]
    assert "Read on." in response.text
    assert "sandbox allow-popups allow-popups-to-escape-sandbox;" in policy
    assert "default-src 'none';" in policy
    assert "frame-ancestors 'self';" in policy


@pytest.mark.parametrize("id", ["1", "..%2f..%2fsecret", "%00", "20261123T060000000000Z-00000000"])
async def test_an_id_that_names_no_mail_is_not_found(client: httpx.AsyncClient, id: str) -> None:
    found = {
        (await client.get(f"/caught/{id}{ending}")).status_code for ending in ("", ".eml", "/html")
    }

    assert found == {404}
