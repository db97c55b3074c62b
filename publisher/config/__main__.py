"""Print the reference page: ``python -m publisher.config > docs/reference/config.md``."""

from __future__ import annotations

import sys

from publisher.config.reference import page

sys.stdout.write(page())
