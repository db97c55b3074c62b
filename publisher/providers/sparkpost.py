"""SparkPost: several events a post, with a login. It signs nothing."""

from __future__ import annotations

from typing import Any

from publisher.model import BounceKind, Verdict
from publisher.providers import Posted, Provider, Site
from publisher.providers._reading import (
    LoginSettings,
    failed,
    log_in,
    parsed,
    rows,
    table,
    text,
    verdict,
)


class Settings(LoginSettings):
    """SparkPost, for its webhook with basic authentication and all events of messages."""


# Its classes of bounces.
_HARD = frozenset({"10", "30", "90"})
_POLICY = frozenset({"15", "50", "51", "52", "53", "54"})
_REPLIES = {"60": BounceKind.AUTO_REPLY, "100": BounceKind.CHALLENGE}


def make(settings: Settings, site: Site) -> Provider:
    """Make the provider of [bounces.webhooks.sparkpost]."""
    return _SparkPost(settings, site)


class _SparkPost:
    def __init__(self, settings: Settings, site: Site) -> None:
        self._settings = settings
        self._site = site

    async def events(self, posted: Posted) -> list[Verdict]:
        log_in(posted, self._settings)
        told = (
            event
            for each in rows(parsed(posted.body))
            for event in table(each.get("msys")).values()
        )
        found = (self._event(table(each)) for each in told)
        return [each for each in found if each is not None]

    def _event(self, told: dict[str, Any]) -> Verdict | None:
        status = ""
        match told.get("type"):
            case "bounce" | "out_of_band":
                kind, status = _bounce(told)
            case "policy_rejection":
                kind = BounceKind.POLICY
            case "delay":
                kind = BounceKind.DELAYED
            case "delivery":
                kind = BounceKind.DELIVERED
            case "spam_complaint":
                kind = BounceKind.COMPLAINT
            case _:
                return None
        return verdict(
            self._site,
            kind,
            "sparkpost",
            told.get("event_id"),
            address=told.get("rcpt_to"),
            sender=told.get("msg_from"),
            status=status,
            diagnostic=told.get("raw_reason") or told.get("reason"),
        )


def _bounce(told: dict[str, Any]) -> tuple[BounceKind, str]:
    kind, status = failed("", told.get("raw_reason"))
    sort = text(str(told.get("bounce_class", "")))
    if sort in _HARD:
        return BounceKind.HARD, status
    if sort in _POLICY:
        return BounceKind.POLICY, status
    return _REPLIES.get(sort, kind), status
