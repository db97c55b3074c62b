"""Types of single values that the config file and the settings of kinds of source have in common.

A validator raises ValueError with what is wrong; what is allowed stands in `Allowed`, from
which faults and the reference page both take it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, InstanceOf


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be written, to follow "allowed:"."""

    text: str


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DURATION = "a number and its unit, such as 90s, 10m, 6h or 2d"


def require_text(value: Any) -> str:
    """Give the value if it is text; pydantic collects no TypeError."""
    if not isinstance(value, str):
        raise ValueError("is not text in quotes")
    return value


def read_duration(value: Any) -> timedelta:
    """Read a number and its unit."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", require_text(value).strip(), re.ASCII)
    if match is None:
        raise ValueError(f'"{value}" is not a duration')
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


Duration = Annotated[InstanceOf[timedelta], BeforeValidator(read_duration), Allowed(DURATION)]
