"""SpamAssassin, the real one: its tests are left out where it is not installed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from publisher.model import Weight
from publisher.preflight import Finding
from publisher.preflight.spam import program
from tests.preflight.sample import examined, made, rendition, swap

# What every spam filter takes for spam, to be tested with (spamassassin.apache.org/gtube).
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

needs_program = pytest.mark.skipif(program() is None, reason="SpamAssassin is not installed")


def judged(words: str) -> list[Finding]:
    said = rendition()
    text = swap("Unsubscribe\n", f"{words}\n\nUnsubscribe\n")(said.text)
    html = swap("</body>", f"<p>{words}</p></body>")(said.html)
    return examined(
        made(replace(said, text=text, html=html)),
        weights={"spam": Weight.WARN},
    )


@needs_program
def test_spam_is_warned_of_with_its_tests() -> None:
    (finding,) = judged(GTUBE)

    assert ("spam", Weight.WARN) == (finding.rule, finding.weight)
    assert "points for " in finding.words
    assert "GTUBE" in finding.words


@needs_program
def test_digest_is_no_spam() -> None:
    assert [] == judged("Good morning")


def test_without_the_program_there_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert [] == judged(GTUBE)


def test_program_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    broken = folder / "spamassassin"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))

    (finding,) = judged("Good morning")

    assert "SpamAssassin could not judge it" in finding.words
    assert "exit status 3" in finding.words
