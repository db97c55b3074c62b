"""How much memory a process has had, for benches that run each measurement in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def peak_mib() -> float:
    """Give the most memory that this process has had.

    Not ru_maxrss: that begins with what the process had that this one was forked from.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measured(module: str, *arguments: str) -> dict[str, Any]:
    """Run a bench's module in a process of its own; give the JSON that it prints last."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
