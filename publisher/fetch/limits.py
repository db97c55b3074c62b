"""How much of a stranger's answer is put up with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one request with its redirects. Bytes count unpacked as well as packed."""

    seconds: float = 60.0
    connect_seconds: float = 10.0
    body_bytes: int = 10 * 1024 * 1024
    redirects: int = 5
