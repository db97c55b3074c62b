"""`publisher ingest` in a process of its own: ``python -m tests.sources.hostile_pass``.

To it 127.0.0.5 is a public address, as those of strangers are; an answer has two seconds. It
ends by saying how much memory it took at most.
"""

from __future__ import annotations

import ipaddress
import resource
import sys
from functools import partial

from publisher.cli import main
from publisher.fetch import client

STRANGER = ipaddress.ip_address("127.0.0.5")
vars(client)["is_public"] = lambda address: ipaddress.ip_address(address) == STRANGER
vars(client)["Limits"] = partial(client.Limits, seconds=2.0)

if __name__ == "__main__":
    sys.argv = ["publisher", "ingest"]
    try:
        main()
    finally:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak {peak:.0f} MiB")
