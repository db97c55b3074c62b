"""What the next issue would be held for, or warned of: the preflight on mails that nobody gets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from publisher.app import App
from publisher.model import Cadence, Newsletter, Rendition, Subscription, Weight
from publisher.preflight import Finding
from publisher.preflight.spam import program
from publisher.store import articles, sampling

_SAMPLE = 20  # readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in so many mails. ``unasked`` are rules that could not be."""

    mails: int
    findings: list[Finding]
    unasked: list[str]

    @property
    def is_blocked(self) -> bool:
        """Whether an issue like this would be held."""
        return any(finding.weight is Weight.BLOCK for finding in self.findings)


async def checked(
    app: App,
    newsletter: Newsletter,
    cadence: Cadence,
    rendition: Rendition,
    reader: Subscription,
    *,
    alone: bool,
) -> Checked:
    """Examine a rendition as a sample of its readers gets it, or this one ``alone``.

    Where nobody reads it yet, it is this one as well.
    """
    readers = [reader]
    async with app.store.read() as connection:
        if not alone:
            readers = await sampling.readers(
                connection, newsletter.slug, cadence.name, most=_SAMPLE
            ) or [reader]
        found = await articles.by_ids(connection, rendition.article_ids)
        audience = await sampling.audience(connection, newsletter.slug, cadence.name)
        last = await sampling.last_audience(connection, newsletter.slug, cadence.name)
    findings = await asyncio.to_thread(
        app.preflight.inspect,
        rendition,
        newsletter=newsletter,
        articles=list(found.values()),
        readers=readers,
        audience=audience,
        last_audience=last,
    )
    return Checked(
        mails=len(readers),
        findings=findings,
        unasked=[] if program() else ["spam: SpamAssassin is not installed"],
    )
