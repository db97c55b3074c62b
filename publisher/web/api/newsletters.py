"""Newsletters, as the config has them."""

from __future__ import annotations

from publisher import model
from publisher.model import Scope
from publisher.web.api.checking import Told
from publisher.web.api.operation import Call, Operation
from publisher.web.api.problem import Problem
from publisher.web.site import Site


class Cadence(Told):
    """A schedule that readers may choose."""

    name: str
    """What it is called."""
    cron: str | None
    """When it is due; null if mails go out as articles come."""
    own_time: bool
    """Whether readers may have it at an hour of their own."""


class Newsletter(Told):
    """A newsletter, with what readers may choose."""

    slug: str
    """What it is called here."""
    title: str
    """What readers see."""
    description: str
    """What it is about."""
    timezone: str
    """Whose wall clock it goes by."""
    languages: list[str]
    """In which languages it may be had, its own first."""
    topics: list[str]
    """Which topics may be chosen."""
    cadences: list[Cadence]
    """How often it may be had; who does not choose gets `default_cadence`."""
    default_cadence: str
    """See there."""


class Newsletters(Told):
    """All newsletters."""

    items: list[Newsletter]
    """In the order of the config."""


def called(site: Site, slug: str) -> model.Newsletter:
    """Find a newsletter. Raises Problem."""
    found = site.newsletter(slug)
    if found is None:
        raise Problem(404, f"There is no newsletter {slug}.")
    return found


def asked_for(site: Site, slug: str) -> model.Newsletter:
    """Find the newsletter that a parameter names. Raises Problem."""
    found = site.newsletter(slug)
    if found is None:
        raise Problem(400, "The parameter newsletter is no newsletter of this site.")
    return found


def cadence_asked_for(newsletter: model.Newsletter, name: str | None) -> model.Cadence:
    """Find the cadence that a parameter names, or the usual one. Raises Problem."""
    if name is None:
        return newsletter.default_cadence
    found = next((each for each in newsletter.cadences if each.name == name), None)
    if found is None:
        offered = ", ".join(each.name for each in newsletter.cadences)
        raise Problem(400, f"The parameter cadence must be one of: {offered}.")
    return found


async def _list(call: Call) -> Newsletters:
    return Newsletters(
        items=[
            Newsletter(
                slug=each.slug,
                title=each.title,
                description=each.description,
                timezone=each.timezone.key,
                languages=list(dict.fromkeys([each.language, *each.languages])),
                topics=[topic.slug for topic in each.topics],
                cadences=[
                    Cadence(name=one.name, cron=one.cron, own_time=one.own_time)
                    for one in each.cadences
                ],
                default_cadence=each.default_cadence.name,
            )
            for each in call.site.newsletters
        ]
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/newsletters",
        scope=Scope.NEWSLETTERS_READ,
        id="listNewsletters",
        summary="List newsletters",
        description="With what readers may choose.",
        gives=Newsletters,
        do=_list,
    ),
)
