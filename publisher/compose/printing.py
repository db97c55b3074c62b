"""What an issue says to those who get the same: rendered, and examined before it is frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import structlog

from publisher.compose.choosing import Choice, Pool
from publisher.errors import PreflightError
from publisher.model import (
    Article,
    Issue,
    Newsletter,
    Publication,
    Rendition,
    Subscription,
    Weight,
)
from publisher.preflight import Preflight
from publisher.render import Templates
from publisher.renditions import Part, digest

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Printer:
    """What the renditions of one wave are made with, of all that its pools hold.

    The first pool is that of the newsletter whose mail it is. ``now`` is when the articles were
    read: what is edited later is newer than the mail. ``audience`` and ``last_audience`` are for
    the preflight; None where they say nothing.
    """

    templates: Templates
    publication: Publication
    preflight: Preflight
    pools: Sequence[Pool]
    now: datetime
    audience: int | None = None
    last_audience: int | None = None

    def render(self, issue: Issue, choice: Choice) -> Rendition:
        """Render a choice. Raises TemplateError."""
        said = {pool.newsletter.slug: pool.edits.text for pool in self.pools}
        return digest(
            self.templates,
            publication=self.publication,
            issue=issue,
            parts=[
                Part(
                    newsletter=self._newsletters[slug], articles=[self._articles[id] for id in ids]
                )
                for slug, ids in choice.parts
            ],
            language=choice.language,
            intro="\n\n".join(said[slug] for slug, _ in choice.parts if said[slug]),
            now=self.now,
        )

    def approved(
        self, issue: Issue, choice: Choice, readers: Sequence[Subscription], *, is_first: bool
    ) -> Rendition:
        """Render a choice, if it passes the preflight as these readers get it.

        Warnings are told of for the first of a language in an issue. SpamAssassin is asked about
        that one too, if it may hold the issue: nobody waits a second or two for a warning.
        Raises TemplateError and PreflightError.
        """
        rendition = self.render(issue, choice)
        findings = self.preflight.inspect(
            rendition,
            newsletter=self.pools[0].newsletter,
            articles=[self._articles[id] for id in choice.article_ids],
            readers=readers,
            audience=self.audience,
            last_audience=self.last_audience,
            is_quick=not (is_first and self.preflight.blocks("spam")),
        )
        blocking = [str(finding) for finding in findings if finding.weight is Weight.BLOCK]
        if blocking:
            raise PreflightError("; ".join(blocking))
        if is_first:
            for finding in findings:
                log.warning(
                    "preflight", issue=issue.id, language=choice.language, found=str(finding)
                )
        return rendition

    @cached_property
    def _newsletters(self) -> Mapping[str, Newsletter]:
        return {pool.newsletter.slug: pool.newsletter for pool in self.pools}

    @cached_property
    def _articles(self) -> Mapping[int, Article]:
        return {article.id: article for pool in self.pools for article in pool.articles}
