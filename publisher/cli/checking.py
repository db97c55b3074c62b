"""The preflight on the command line: what the next issue would be held for, or warned of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from publisher.cli import show

if TYPE_CHECKING:
    from publisher.preview.checking import Checked


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
