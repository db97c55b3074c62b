"""People sign up by a form that anybody can fill in, for any address, as often as they like.

What comes in is kept and answered, and looked at only then: the answer is made of what was typed
and nothing else, so neither its words nor its time tell who is known here (A13). Limits are taken
of before that, in the same transaction; none of them depends on who is known either.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from publisher import notices as words
from publisher.config.site import Rate, SignUps
from publisher.mail.address import key
from publisher.model import Newsletter, Publication, SignUp
from publisher.ports import Clock
from publisher.render import Templates
from publisher.store import consents, notices, signups
from publisher.store.engine import Store
from publisher.store.signups import Charge
from publisher.subscribe import subscribe
from publisher.tokens import Tokens

log = structlog.get_logger()

# What a sign-up counts that has not come by a form of ours: nobody knows when it was shown.
_FOREIGN = 3

# For how long a challenge may be solved, after which its solution counts no more.
PROOF_LASTS = timedelta(minutes=20)


class NotTaken(enum.Enum):
    """Why a sign-up is not taken now; it says nothing of the address."""

    UNPROVED = enum.auto()  # no proof of work, or one that was used before
    NETWORK = enum.auto()  # too many of it
    TOTAL = enum.auto()  # too many of a domain, or in all


async def take_in(
    store: Store,
    sign_up: SignUp,
    *,
    wording: str,
    network: str | None,
    is_foreign: bool,
    proof: str | None,
    rules: SignUps,
    tokens: Tokens,
    clock: Clock,
) -> int | NotTaken | None:
    """Keep a sign-up and give its id, for `look_at`; None if there is nothing more to be done.

    ``network`` is whom it comes from (`network_of`), None if that cannot be told. ``is_foreign``
    says that it came by no form of ours. ``proof`` names the challenge that was solved for it, None
    if none is asked for. ``wording`` is what its consent names by its hash, "" if that names
    nothing.
    """
    now = clock()
    address = sign_up.address
    of_address = tokens.blinded(f"address {key(address)}")
    charges = {
        of_address: _charge(rules.per_address),
        tokens.blinded(f"domain {address.domain}"): _charge(rules.per_domain),
        tokens.blinded("all"): _charge(rules.total),
    }
    of_network = tokens.blinded(f"network {network}")
    if network is not None:
        charges[of_network] = _charge(rules.per_network, _FOREIGN if is_foreign else 1)
    of_proof = tokens.blinded(f"proof {proof}")
    if proof is not None:  # once, for as long as it counts
        charges[of_proof] = Charge(count=1, seconds=int(PROOF_LASTS.total_seconds()))
    try:
        async with store.write() as connection:
            spent = await signups.charge(connection, charges, now)
            if spent - {of_address}:
                raise _Refused(spent)
            if spent:
                return None
            if wording:
                await consents.word(connection, wording, now)
            return await signups.add(connection, sign_up, now)
    except _Refused as error:  # so that nothing is taken of the other limits
        if of_proof in error.spent:
            return NotTaken.UNPROVED
        if of_network in error.spent:
            return NotTaken.NETWORK
        await _tell(store, rules, now)
        return NotTaken.TOTAL


class _Refused(Exception):
    """Some limits are used up."""

    def __init__(self, spent: set[str]) -> None:
        super().__init__()
        self.spent = spent


def _charge(rate: Rate, amount: int = 1) -> Charge:
    count, seconds = rate
    return Charge(count=count, seconds=seconds, amount=amount)


async def _tell(store: Store, rules: SignUps, now: datetime) -> None:
    """Have the admin told that sign-ups are refused, once a day."""
    log.warning("sign-ups refused", per_domain=rules.per_domain, total=rules.total)
    async with store.write() as connection:
        await notices.add(connection, words.too_many_sign_ups(rules.total, now), now)


async def look_at(
    store: Store,
    id: int,
    sign_up: SignUp,
    *,
    newsletters: Iterable[Newsletter],
    publication: Publication,
    templates: Templates,
    clock: Clock,
) -> None:
    """Do for a sign-up what is right, whoever it is for; its answer has been given.

    Harmless when it is done twice. Raises TemplateError if the mail cannot be rendered; then it is
    tried again (`look_at_rest`).
    """
    newsletter = next((one for one in newsletters if one.slug == sign_up.newsletter), None)
    if newsletter is not None:
        await subscribe(
            store,
            newsletter,
            sign_up.address,
            wishes=sign_up.wishes,
            confirmed=False,
            by_form=True,
            consent=sign_up.consent,
            publication=publication,
            templates=templates,
            clock=clock,
        )
    async with store.write() as connection:
        await signups.forget(connection, id)


async def look_at_rest(
    store: Store,
    *,
    newsletters: Iterable[Newsletter],
    publication: Publication,
    templates: Templates,
    clock: Clock,
) -> None:
    """Look at what a process that died had taken in, and forget limits that are whole again."""
    newsletters = tuple(newsletters)
    async with store.write() as connection:
        await signups.forget_limits(connection, clock())
        left = await signups.claim(connection, clock())
    for id, sign_up in left:
        await look_at(
            store,
            id,
            sign_up,
            newsletters=newsletters,
            publication=publication,
            templates=templates,
            clock=clock,
        )


def network_of(host: str | None) -> str | None:
    """Give the network that a request comes from: /24 of IPv4, /64 of IPv6.

    None for an address that is nobody's: a proxy of ours that the config does not name, for which
    everybody would count as one.
    """
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not address.is_global:
        return None
    length = 24 if address.version == 4 else 64
    return str(ipaddress.ip_network((address, length), strict=False))
