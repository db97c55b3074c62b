"""Feedback-ID: by what Gmail counts complaints for the sender (its Postmaster Tools).

``a:b:c:SenderId``, each counted for itself, so none may stand for two things. They name groups of
mails and never a person. It counts only in mails that the sender's domain has signed.
"""

from __future__ import annotations

_LEAST, _MOST = 5, 15  # characters of the SenderId


def feedback_id(*, newsletter: str, cadence: str, number: int, domain: str) -> str:
    """Give the identifiers of an issue, its newsletter, its cadence, and of who sends it."""
    # Slugs hold neither slash nor dot: a newsletter is taken for no other's issue or cadence.
    named = (f"{newsletter}/{number}", newsletter, f"{newsletter}.{cadence}", _sender_id(domain))
    return ":".join(named)


def _sender_id(domain: str) -> str:
    """Make the same of a domain in every mail."""
    plain = domain.lower().replace(".", "")
    return (plain if len(plain) >= _LEAST else f"{plain}-mail")[:_MOST]
