"""What went wrong with a request to the API, told in a way that programs can read (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

PRIVATE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one member of the body; ``pointer`` leads to it (RFC 6901 §6)."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The body of an answer about a problem (RFC 9457 §3.1); ``errors`` are ours."""

    title: str
    status: int
    detail: str
    errors: tuple[Fault, ...] = ()


class Problem(HTTPException):
    """A request is refused: ``detail`` is a sentence for whoever wrote the program."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.faults = tuple(faults)


def answered(error: HTTPException) -> JSONResponse:
    """Give the answer that tells of the error, ours or one of the router's."""
    details = Details(
        # RFC 9457 §4.2.1: without a type of its own, the title is that of the status.
        title=HTTPStatus(error.status_code).phrase,
        status=error.status_code,
        detail=error.detail,
        errors=error.faults if isinstance(error, Problem) else (),
    )
    return JSONResponse(
        asdict(details),
        error.status_code,
        {**PRIVATE, **(error.headers or {})},
        "application/problem+json",
    )
