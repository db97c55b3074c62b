"""What an issue is examined for: its mails, as real readers get them, by a list of rules.

Whoever composes has each rendition examined as a few of its readers get it (`Preflight`); a
finding that blocks holds the issue up, and fails `preview --check`. A rule is a function named as
its key in the config, and what it holds stands in its docstring. Nothing here reads a store or
changes anything, and nothing goes over the network. A rendition is parsed once, however many
specimens it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from publisher.letters import Letters
from publisher.model import Article, Newsletter, Publication, Rendition, Subscription, Weight
from publisher.preflight import body, header, issue
from publisher.preflight.contrast import contrast
from publisher.preflight.finding import Finding, Flaw
from publisher.preflight.spam import spam
from publisher.preflight.specimen import Context, Reading, Specimen, specimens
from publisher.tokens import Tokens

__all__ = ["DEFAULTS", "Context", "Finding", "Preflight", "Specimen", "examine", "specimens"]

_Rule = Callable[[Reading, Context], Iterable[Flaw]]

_RULES: dict[_Rule, Weight] = {
    header.message: Weight.BLOCK,
    header.unsubscribe: Weight.BLOCK,
    header.subject: Weight.BLOCK,
    issue.articles: Weight.BLOCK,
    body.slots: Weight.BLOCK,
    body.size: Weight.BLOCK,
    body.language: Weight.BLOCK,
    body.text: Weight.BLOCK,
    body.links: Weight.BLOCK,
    body.alt: Weight.WARN,
    body.preheader: Weight.WARN,
    contrast: Weight.WARN,
    issue.audience: Weight.WARN,
    spam: Weight.WARN,
}

# What each rule weighs where the config does not say.
DEFAULTS: Mapping[str, Weight] = MappingProxyType(
    {rule.__name__: weight for rule, weight in _RULES.items()}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """The preflight of a site. ``weights`` are the config's, by rule."""

    publication: Publication
    tokens: Tokens
    letters: Letters
    weights: Mapping[str, Weight]

    def blocks(self, rule: str) -> bool:
        """Say whether an issue is held for what a rule finds."""
        return self.weights.get(rule, DEFAULTS[rule]) is Weight.BLOCK

    def inspect(
        self,
        rendition: Rendition,
        *,
        newsletter: Newsletter,
        articles: Sequence[Article],
        readers: Sequence[Subscription],
        audience: int | None = None,
        last_audience: int | None = None,
        is_quick: bool = False,
    ) -> list[Finding]:
        """Examine a rendition as these readers get it: see `examine`.

        ``is_quick`` leaves out SpamAssassin, which takes a second.
        """
        weights = {**self.weights, "spam": Weight.OFF} if is_quick else self.weights
        return examine(
            specimens(
                rendition,
                newsletter=newsletter,
                articles=articles,
                readers=readers,
                letters=self.letters,
            ),
            Context(
                publication=self.publication,
                tokens=self.tokens,
                weights=weights,
                audience=audience,
                last_audience=last_audience,
            ),
        )


def examine(specimens: Iterable[Specimen], context: Context) -> list[Finding]:
    """Give what is wrong with an issue, what blocks it first; each fault once.

    Takes about a hundredth of a second a specimen, and a second a rendition where SpamAssassin
    is installed: call it in a thread.
    """
    by_rendition: dict[str, list[Specimen]] = {}
    for one in specimens:
        by_rendition.setdefault(one.rendition.key, []).append(one)
    places: dict[tuple[str, Weight, str], list[str]] = {}
    for group in by_rendition.values():
        for rule, weight, flaw in _flaws(Reading(group), context):
            places.setdefault((rule, weight, flaw.words), []).append(flaw.where)
    findings = [
        Finding(rule=rule, weight=weight, words=words, where=_together(found))
        for (rule, weight, words), found in places.items()
    ]
    return sorted(findings, key=lambda finding: finding.weight is not Weight.BLOCK)


def _flaws(reading: Reading, context: Context) -> Iterator[tuple[str, Weight, Flaw]]:
    for rule in _RULES:
        name = rule.__name__
        weight = context.weights.get(name, DEFAULTS[name])
        if weight is Weight.OFF:
            continue
        for flaw in rule(reading, context):
            yield name, Weight.WARN if flaw.is_slight else weight, flaw


def _together(places: list[str]) -> str:
    first, *others = dict.fromkeys(places)
    return f"{first} and {len(others)} more" if others else first
