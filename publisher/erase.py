"""A person has all that is held of them told, or forgotten, or an admin does it for them."""

from __future__ import annotations

from publisher.errors import PublisherError
from publisher.mail.address import key
from publisher.model import Address
from publisher.ports import Clock
from publisher.store import personal
from publisher.store.engine import Store
from publisher.store.personal import Receipt
from publisher.store.places import Rows


class NobodyHeld(PublisherError):
    """Nothing is held of an address."""


async def held(store: Store, address: Address, *, clock: Clock) -> dict[str, Rows]:
    """Tell all that is held of whoever has an address, by place. Raises NobodyHeld."""
    async with store.read() as connection:
        person = await personal.find(connection, address.mailbox, key(address))
        told = await personal.held(connection, person, clock())
    if not any(told.values()):
        raise NobodyHeld(f"nobody is known under {address.mailbox}")
    return told


async def erase(store: Store, address: Address, *, wanted_by: str, clock: Clock) -> Receipt:
    """Forget whoever has an address, in one transaction, and keep a receipt. Raises NobodyHeld.

    A hash stays, so that no import brings them back; they themselves may come, by confirming.
    ``wanted_by`` is "person" or "admin".
    """
    async with store.write() as connection:
        person = await personal.find(connection, address.mailbox, key(address))
        told = await personal.held(connection, person, clock())
        barred = told.pop("suppressions")
        # Neither their domain nor a hash is anything of theirs to be forgotten.
        if not any(told.values()) and all(row["address"] != person.address_key for row in barred):
            raise NobodyHeld(f"nobody is known under {address.mailbox}")
        return await personal.erase(connection, person, wanted_by=wanted_by, now=clock())
