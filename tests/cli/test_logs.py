"""What is logged, and how."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from publisher.cli import logs
from publisher.errors import ConfigError

log = structlog.get_logger("publisher.trial")


def test_elsewhere_than_on_a_terminal_lines_are_key_value(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PUBLISHER_LOG", raising=False)
    logs.configure("info")

    log.info("mail sent", accepted=3, reason='a "b"')

    time, rest = capsys.readouterr().err.split(" ", 1)
    assert time.startswith("time=2")
    assert 'level=info event="mail sent" accepted=3 reason="a \\"b\\""\n' == rest


def test_json_when_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISHER_LOG", "json")
    logs.configure("info")

    log.warning("mail sent", accepted=3)

    line = json.loads(capsys.readouterr().err)
    assert ("warning", "mail sent", 3) == (line["level"], line["event"], line["accepted"])


def test_libraries_are_heard_from_warning_on(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")

    logging.getLogger("somebody.else").info("chatter")
    logging.getLogger("somebody.else").warning("trouble")

    assert ["trouble"] == [
        line.rpartition("event=")[2] for line in capsys.readouterr().err.splitlines()
    ]


def test_the_environment_sets_the_level(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISHER_LOG_LEVEL", "error")
    logs.configure("info")

    log.warning("quiet")

    assert "" == capsys.readouterr().err


def test_an_unknown_level_is_a_fault_of_the_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLISHER_LOG_LEVEL", "loud")

    with pytest.raises(ConfigError, match="allowed: debug, info, warning, error"):
        logs.configure("info")


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_was_at_hand_when_something_failed_is_not_logged(
    form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a request with its token, or somebody's address."""
    monkeypatch.setenv("PUBLISHER_LOG", form)
    logs.configure("info")
    fail = compile("token = 'open' + ' sesame'\nraise KeyError('x')", "trial", "exec")

    try:
        exec(fail, {})  # noqa: S102 -- the secret stands in no line of this file's
    except KeyError:
        log.exception("request failed")

    said = capsys.readouterr().err
    assert "KeyError" in said
    assert "open sesame" not in said
