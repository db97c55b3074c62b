"""What the floor's values say of themselves."""

from __future__ import annotations

from tests.rig import builders
from tests.rig.builders import DAILY, INSTANT, WEEKLY


def test_who_does_not_choose_gets_the_first_cadence_with_a_schedule() -> None:
    newsletter = builders.newsletter(cadences=(INSTANT, WEEKLY, DAILY))

    assert newsletter.default_cadence == WEEKLY


def test_newsletter_that_is_only_instant_is_so_by_default() -> None:
    newsletter = builders.newsletter(cadences=(INSTANT,))

    assert newsletter.default_cadence == INSTANT
