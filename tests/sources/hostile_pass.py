"""`publisher ingest` in a process of its own: ``python -m tests.sources.hostile_pass``.

To it 127.0.0.5 is a public address, as those of strangers are; an answer has two seconds. It
ends by saying how much memory it took at most.
"""

from __future__ import annotations

import ipaddress
import sys
from functools import partial
from pathlib import Path

from publisher.cli import main
from publisher.fetch import Limits, client, session

STRANGER = ipaddress.ip_address("127.0.0.5")
vars(session)["is_public"] = lambda address: ipaddress.ip_address(address) == STRANGER
vars(client)["Limits"] = partial(Limits, seconds=2.0)

if __name__ == "__main__":
    sys.argv = ["publisher", "ingest"]
    try:
        main()
    finally:
        # Not ru_maxrss: that begins with what the process had that this one was forked from.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        print(f"peak {int(status.partition('VmHWM:')[2].split()[0]) // 1024} MiB")
