"""What a server's answer means for a source: for every kind that asks over HTTP."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from publisher.errors import FetchError, SourceError
from publisher.fetch import Answer

# What an admin can do about it; for other statuses the server's own words must do.
_ADVICE = {
    401: "it asks for a login; look at the source's settings",
    403: "the server refuses this program; ask those who run it, or set another url",
    404: "nothing is there; see whether the url is still right",
    429: "it is asked too often; choose a longer every",
}
_TROUBLE = "this is the server's trouble; nothing is to be done but wait"


def require_good(answer: Answer, *, name: str, now: datetime) -> None:
    """Let a 2xx and a 304 pass; anything else is the end of the pass of source ``name``.

    Raises SourceError with the status and what to do, and for how long Retry-After asks to be
    left alone. A 410 is final (RFC 9110 §15.5.11).
    """
    if answer.is_good or answer.status == HTTPStatus.NOT_MODIFIED:
        return
    if answer.status == HTTPStatus.GONE:
        raise SourceError(
            f'source "{name}": {answer.place} has gone for good (410 Gone);'
            " take the source out of the config, or set another url",
            is_final=True,
        )
    advice = _ADVICE.get(answer.status)
    if advice is None:
        advice = _TROUBLE if answer.status >= 500 else "see whether the url is still right"
    raise SourceError(
        f'source "{name}": {answer.place} answers {_status(answer.status)}; {advice}',
        # RFC 9110 §10.2.3, with 429 (RFC 6585 §4) and 503 above all.
        rest=answer.rest(now),
    )


def failed(name: str, error: FetchError) -> SourceError:
    """Make the error of source ``name`` when no answer came; raise it from ``error``."""
    return SourceError(f'source "{name}": {error}')


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:  # a number of the server's own
        return str(status)
