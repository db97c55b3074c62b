"""`webhooks`: how they fare, a message to try them out, and events told again."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from tests.cli.conftest import Command
from tests.rig.program import Site

TO_DIGEST = ("--newsletter", "digest", "--confirmed")


class Receiver(socketserver.TCPServer):
    """Answers ``status`` to each message, in a thread, as commands have a loop of their own."""

    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.messages: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook?key=secret"


class Answering(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.messages.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as opened:
        thread = threading.Thread(target=opened.serve_forever, args=(0.01,))
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


@pytest.fixture
def hooked(command: Command, site: Site, receiver: Receiver) -> Command:
    """A site with a webhook, on which somebody joined and left."""
    secret = base64.b64encode(b"k" * 32).decode()
    with site.config.open("a", encoding="utf-8") as config:
        config.write(f'\n[[webhooks]]\nname = "crm"\nurl = "{receiver.url}"\n')
        config.write(f'secret = "{secret}"\nkinds = ["subscription.ended"]\n')
    assert command("migrate").exit_code == 0
    assert command("subscribers", "add", "ann@example.org", *TO_DIGEST).exit_code == 0
    assert command("subscribers", "remove", "ann@example.org").exit_code == 0
    return command


def test_list_shows_what_waits_and_hides_what_may_be_secret(hooked: Command) -> None:
    shown = hooked("webhooks", "list").stdout
    (row,) = json.loads(hooked("webhooks", "list", "--json").stdout)

    assert "secret" not in shown + hooked("status").stdout
    assert json.loads(hooked("status", "--json").stdout)["webhooks"] == [row]
    assert row["url"].endswith("/…")
    assert (row["name"], row["state"], row["waiting"]) == ("crm", "active", 1)
    assert row["kinds"] == ["subscription.ended"]
    assert (row["told"], row["error"]) == (None, "")


def test_message_is_sent_to_try_it_out(hooked: Command, receiver: Receiver) -> None:
    taken = hooked("webhooks", "test", "crm")
    receiver.status = 500
    refused = hooked("webhooks", "test", "crm")
    receiver.shutdown()
    receiver.server_close()
    gone = hooked("webhooks", "test", "crm")

    assert taken.exit_code == 0
    assert "crm answers 204 after " in taken.stdout
    assert json.loads(receiver.messages[0])["type"] == "test"
    assert refused.exit_code == 1
    assert "it did not take the message" in refused.stderr
    assert gone.exit_code == 1
    assert "crm cannot be told: no connection can be made" in gone.stderr


def test_replay_counts_what_is_told_again(hooked: Command) -> None:
    whole = hooked("webhooks", "replay", "crm", "--since", "2020-01-01")
    none = hooked("webhooks", "replay", "crm", "--since", "2")
    again = hooked("webhooks", "replay", "crm")
    wrong = hooked("webhooks", "replay", "crn")

    assert "1 event for crm; a worker tells it of them." in whole.stdout
    assert "0 events for crm" in none.stdout
    assert "0 events for crm" in again.stdout
    assert wrong.exit_code == 2
    assert "did you mean crm?" in wrong.stderr
