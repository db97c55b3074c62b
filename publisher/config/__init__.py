"""The config file: read, checked as a whole, and turned into the values of floor 0.

`load` is the only way in; what it gives is a `Config`. Nothing else in the program knows that
there is TOML, an environment, or pydantic. The reference page of all keys is made from the
same models by ``python -m publisher.config``.
"""

from __future__ import annotations

from publisher.config.load import load
from publisher.config.site import Capture, Config, Endpoint, Relay, SourceEntry, Webhook

__all__ = ["Capture", "Config", "Endpoint", "Relay", "SourceEntry", "Webhook", "load"]
