from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest


@pytest.fixture
def zone() -> ZoneInfo:
    return ZoneInfo("Asia/Shanghai")
