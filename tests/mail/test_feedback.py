from __future__ import annotations

import pytest

from publisher.mail.feedback import feedback_id


@pytest.mark.parametrize(
    ("domain", "sender"),
    [
        ("example.org", "exampleorg"),
        ("News.Example.org", "newsexampleorg"),
        ("a.de", "ade-mail"),
        ("newsletters.of-the-lighthouse.example.org", "newslettersof-t"),
    ],
)
def test_sender_is_named_in_5_to_15_characters(domain: str, sender: str) -> None:
    found = feedback_id(newsletter="digest", cadence="daily", number=47, domain=domain)

    assert found == f"digest/47:digest:digest.daily:{sender}"
    assert 5 <= len(sender) <= 15
