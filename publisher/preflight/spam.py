"""What SpamAssassin thinks of an issue, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

from publisher.preflight.finding import Flaw
from publisher.preflight.specimen import Context, Reading

_MOST = 5.0  # SpamAssassin's own threshold
_SECONDS = 30
_STATUS = re.compile(
    rb"^X-Spam-Status: .*?score=(-?[\d.]+) .*?tests=([^\r\n]*(?:\r?\n\t[^=]*)*)", re.M
)
_OPTIONS = (
    "--local",  # its tests over the network would tell blocklists of the mail, and take seconds
    "--nocreate-prefs",
    # What its Bayes filter has learned is about what comes in here, not what goes out.
    "--cf=use_bayes 0",
)


def program() -> str | None:
    """Give SpamAssassin's path, or None where it is not installed."""
    return shutil.which("spamassassin")


def spam(reading: Reading, _: Context) -> Iterator[Flaw]:
    """A spam filter lets it through. Judges one mail of a rendition: the others are like it."""
    path = program()
    if path is None or not reading.opened:
        return
    copy = reading.opened[0]
    try:
        done = subprocess.run(  # noqa: S603 -- the program is found by us, the mail goes to its stdin
            [path, *_OPTIONS],
            input=copy.specimen.message,
            capture_output=True,
            check=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        yield Flaw(f"SpamAssassin could not judge it: {error}", copy.place)
        return
    found = _STATUS.search(done.stdout)
    if found and (score := float(found[1])) > _MOST:
        tests = ", ".join(found[2].decode("ascii", "replace").split(","))
        yield Flaw(f"SpamAssassin gives it {score} of {_MOST} points for {tests}", copy.place)
