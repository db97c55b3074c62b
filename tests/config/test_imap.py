"""What may stand beside what in the table of the IMAP folder of bounces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.config import Config

Faulty = Callable[..., list[str]]

IMAP = '\n[bounces]\naddress = "bounce@example.org"\n[bounces.imap]\nhost = "m"\nusername = "n"\n'
XOAUTH2 = f'{IMAP}auth = "xoauth2"\n'


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (IMAP, ["password: missing or empty"]),
        (f'{IMAP}password = ""', ["password: missing or empty"]),
        (
            f'{IMAP}password = "p"\noauth_token_file = "t"',
            ['oauth_token_file: means nothing with auth = "password"'],
        ),
        (XOAUTH2, ['oauth_token_file: missing or empty, though auth = "xoauth2"']),
        (
            f'{XOAUTH2}oauth_token_file = "t"\npassword = "p"\nsecurity = "none"',
            [
                'password: means nothing with auth = "xoauth2"',
                'security: "none" would let others see the token of auth = "xoauth2",'
                ' allowed: "starttls" or "tls"',
            ],
        ),
    ],
)
def test_login_is_by_password_or_by_token(
    faults_of: Faulty, minimal: str, table: str, expected: list[str]
) -> None:
    assert [f"bounces.imap.{fault}" for fault in expected] == faults_of(minimal + table)


def test_port_is_that_of_the_security_and_files_are_relative_to_the_config(
    read: Callable[..., Config], minimal: str, tmp_path: Path
) -> None:
    found = [
        read(f'{minimal}{XOAUTH2}oauth_token_file = "t"\nsecurity = "{security}"\n')
        for security in ("tls", "starttls")
    ]

    imaps = [each.bounces.mailboxes.imap for each in found]
    assert [each and (each.port, each.oauth_token_file, each.password) for each in imaps] == [
        (993, tmp_path / "site" / "t", ""),
        (143, tmp_path / "site" / "t", ""),
    ]
