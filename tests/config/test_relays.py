"""What may stand beside what in a relay's table, and what is said where it may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Faulty = Callable[..., list[str]]

HOST = "allowed: a host name, or an IPv4 or IPv6 address, without brackets and port"
LMTP = 'protocol = "lmtp"\n'
PORT_25 = "port: 25 is for SMTP alone, allowed: another port, such as 24"

FAULTS = [
    ("", ["host: missing, allowed: text"]),
    ('host = "mail.example.org:587"', [f'host: "mail.example.org:587" is not a host, {HOST}']),
    ('host = "[::1]"', [f'host: "[::1]" is not a host, {HOST}']),
    ('host = "me@mail"', [f'host: "me@mail" is not a host, {HOST}']),
    ('protocol = "lpd"\nhost = "m"', ['protocol: "lpd" is not allowed, allowed: "smtp" or "lmtp"']),
    ('host = "m"\nsocket = "s"', ['socket: means nothing with protocol = "smtp"']),
    (LMTP, [
        "host: missing, allowed: text, or socket instead",
        "port: missing, as LMTP has none of its own, allowed: such as 24",
    ]),
    (f'{LMTP}host = "m"', ["port: missing, as LMTP has none of its own, allowed: such as 24"]),
    (f'{LMTP}host = "m"\nport = 25', [PORT_25]),
    (f'{LMTP}host = "m"\nport = "25"', [PORT_25]),
    (f'{LMTP}socket = "s"\nhost = "m"', ["socket: stands beside host, allowed: one of the two"]),
    (f'{LMTP}socket = "s"\nport = 24', ["port: means nothing beside socket"]),
    (f'{LMTP}socket = "s"\nsecurity = "tls"', ["security: means nothing beside socket"]),
]  # fmt: skip


@pytest.mark.parametrize(("table", "expected"), FAULTS)
def test_fault_says_what_is_wrong_and_what_is_allowed(
    faults_of: Faulty, minimal: str, table: str, expected: list[str]
) -> None:
    faults = faults_of(f"{minimal}\n[smtp.main]\n{table}\n")

    assert [f"smtp.main.{fault}" for fault in expected] == faults
