"""The preflight on the command line: what the next issue would be held for, or warned of."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from publisher.cli import show
from publisher.model import Subscription, Weight

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.model import Cadence, Newsletter, Rendition
    from publisher.preflight import Finding

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
    readers: list[Subscription],
) -> Checked:
    """Examine a rendition as these readers get it."""
    from publisher.preflight.spam import program
    from publisher.store import articles, sampling

    async with app.store.read() as connection:
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


async def sample(app: App, newsletter: Newsletter, cadence: Cadence) -> list[Subscription]:
    """Give readers from all over the list, or none if nobody reads this cadence."""
    from publisher.store import sampling

    async with app.store.read() as connection:
        return await sampling.readers(connection, newsletter.slug, cadence.name, most=_SAMPLE)


def tell(checked: Checked, *, as_json: bool) -> None:
    """Print findings, what blocks first."""
    if as_json:
        show.dump(checked.findings)
        return
    for finding in checked.findings:
        show.say(f"{finding.weight:<5}  {finding}")
    if not checked.findings:
        show.say(f"{show.number(checked.mails, 'mail')} examined, nothing found.")
    for rule in checked.unasked:
        show.notice(f"not asked: {rule}")
