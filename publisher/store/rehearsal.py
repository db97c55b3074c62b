"""What a rehearsed import would have done so far, beside the database and on disk.

A list may name somebody twice, far apart; what becomes of them the second time depends on the
first. Held in memory this would grow with the list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

from publisher.model import SubscriptionState
from publisher.sqlite import sqlite3
from publisher.store.lists import Bond


class Rehearsal:
    """Knows people by their address keys. Its file has no name, and is gone when it is closed."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute(
            "CREATE TABLE bonds (address_key TEXT PRIMARY KEY, state TEXT, since TEXT,"
            " cadence TEXT, consent TEXT) WITHOUT ROWID"
        )
        self._connection.execute(
            "CREATE TABLE barred (address_key TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._connection.close()

    def bonds(self, address_keys: Iterable[str]) -> dict[str, Bond]:
        """Give how those of these people would stand who were met before."""
        rows = self._connection.execute(
            "SELECT bonds.* FROM bonds JOIN json_each(?) ON value = address_key",
            (json.dumps(list(address_keys)),),
        )
        return {
            address_key: Bond(
                id=None,
                state=SubscriptionState(state),
                since=datetime.fromisoformat(since),
                cadence=cadence,
                consent=json.loads(consent),
            )
            for address_key, state, since, cadence, consent in rows
        }

    def barred(self, address_keys: Iterable[str]) -> dict[str, str]:
        """Map those of these addresses that would be suppressed by now to the reason."""
        rows = self._connection.execute(
            "SELECT barred.* FROM barred JOIN json_each(?) ON value = address_key",
            (json.dumps(list(address_keys)),),
        )
        return dict(rows)

    def note(self, bonds: Mapping[str, Bond], barred: Mapping[str, str]) -> None:
        """Keep how people would stand."""
        self._connection.execute("BEGIN")
        self._connection.executemany(
            "INSERT OR REPLACE INTO bonds VALUES (?, ?, ?, ?, ?)",
            [
                (key, one.state, one.since.isoformat(), one.cadence, json.dumps(dict(one.consent)))
                for key, one in bonds.items()
            ],
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO barred VALUES (?, ?)", list(barred.items())
        )
        self._connection.execute("COMMIT")
