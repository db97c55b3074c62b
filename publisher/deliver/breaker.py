"""An issue that the next hop refuses each time is not offered to everybody first (F11).

For what it says, or since it will have nothing from us (x.7.x, in answer to whatever): not since
there is no such recipient.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from publisher.errors import Refused
from publisher.model import Claim

_LIMIT = 10  # in a row
# Queue ids, counts, addresses: what may differ in two replies that say the same.
_OWN_WORDS = re.compile(r"\S*[\d@]\S*")


@dataclass(slots=True)
class Breaker:
    """Counts, for each issue, the mails in a row that were refused for one reason."""

    _refused: dict[int, tuple[str, int]] = field(default_factory=dict)

    def accepted(self, claim: Claim) -> None:
        """Begin anew: the content can be taken."""
        if claim.issue is not None:
            self._refused.pop(claim.issue, None)

    def refused(self, claim: Claim, refusal: Refused) -> bool:
        """Count a refusal; say whether it is the one that is too many."""
        if claim.issue is None or not refusal.permanent or not _is_about_us(refusal):
            return False
        reason = f"{refusal.code} {_OWN_WORDS.sub('', refusal.text)}"
        before, count = self._refused.get(claim.issue, (reason, 0))
        self._refused[claim.issue] = (reason, count + 1 if reason == before else 1)
        return self._refused[claim.issue][1] == _LIMIT


def _is_about_us(refusal: Refused) -> bool:
    if refusal.status is not None and refusal.status.is_of_recipient:
        return False
    return refusal.of_content or (refusal.status is not None and refusal.status.is_policy)
