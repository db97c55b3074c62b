"""A proof of work that a sign-up may have to bring (ALTCHA, the second version of its protocol).

A browser tries numbers until one gives the key that is asked for. Each try is a PBKDF2, in which no
program is much faster than a browser, and how many there are is bounded: so a person waits for a
second or so, if at all, and whoever signs up a thousand addresses keeps a core busy for minutes.

Nothing of a challenge is kept here until it has been solved: it is signed, and says when it ends.
That it counts once is for `publisher.signup` to see to.
"""

from __future__ import annotations

import secrets

from altcha import Payload, create_challenge, verify_solution
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from publisher.signup import PROOF_LASTS
from publisher.web.site import Site, site_of

PATH = "/altcha"
FIELD = "altcha"
LONGEST = 2000  # characters of a solution; ours have some 700

# Chromium takes 0.2 s in the median for it on a server's core, and a second when slowed down to a
# sixth, which its tools call a low-end telephone. To make a challenge is one try: half a
# millisecond.
_ALGORITHM = "PBKDF2/SHA-256"
_ROUNDS = 2000
_FEWEST = 400  # tries; all numbers up to twice of it are as likely

# Pages of anybody may sign people up, and so ask for one (Fetch §3.2).
_HEADERS = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}


async def challenge(request: Request) -> Response:
    """Answer /altcha: a challenge that nobody else gets."""
    site = site_of(request)
    made = create_challenge(
        _ALGORITHM,
        _ROUNDS,
        counter=_FEWEST + secrets.randbelow(_FEWEST),
        expires_at=site.clock() + PROOF_LASTS,
        hmac_secret=site.tokens.derived("challenge"),
        hmac_key_secret=site.tokens.derived("solution"),
    )
    return JSONResponse(made.to_dict(), headers=_HEADERS)


def proved(site: Site, solution: str) -> str | None:
    """Give what names the challenge that is solved here, None if it is not solved.

    After a change of keys those that are out count no more: another press makes a new one.
    """
    if len(solution) > LONGEST:
        return None
    try:
        payload = Payload.from_base64(solution)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    # When it ends is told by the system's clock.
    found = verify_solution(
        payload,
        site.tokens.derived("challenge"),
        hmac_key_secret=site.tokens.derived("solution"),
    )
    return payload.challenge.signature if found.verified else None
