"""What the tests of the SMTP transport share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop

from publisher.transports.lmtp import Lmtp, LmtpSettings
from publisher.transports.smtp import Smtp, SmtpSettings, Timeouts
from tests.rig.certificate import Certificate, make_certificate
from tests.rig.smtp import SmtpRig


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """Offer both loops to tests that ask for them (``loop_factories``), one to the others."""
    loops = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    marker = item.get_closest_marker("asyncio")
    return loops if marker and "loop_factories" in marker.kwargs else {"asyncio": loops["asyncio"]}


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., Smtp]]:
    """Make transports to a rig, with settings and timeouts by name; all are closed at the end."""
    made: list[Smtp] = []

    def make(rig: SmtpRig, timeouts: Timeouts | None = None, **settings: Any) -> Smtp:
        plain: dict[str, Any] = {"host": rig.host, "port": rig.port, "security": "none"}
        plain["client_hostname"] = "news.example"
        if rig.is_lmtp:
            smtp: Smtp = Lmtp(LmtpSettings(**plain | settings), timeouts)
        else:
            smtp = Smtp(SmtpSettings(**plain | settings), timeouts)
        made.append(smtp)
        return smtp

    yield make
    for smtp in made:
        await smtp.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))
