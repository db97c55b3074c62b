"""What the config allows relays and senders, as delivery works with it: kept from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from publisher.config import Config
from publisher.config.site import Rate, Relay, Sender
from publisher.deliver.admission import Admission
from publisher.deliver.domains import Domains, PerDomain
from publisher.deliver.gate import Gate
from publisher.deliver.pace import Pace
from publisher.deliver.quota import Quota
from publisher.deliver.throttle import Throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """For each relay, by name."""

    paces: Mapping[str, Pace]
    domains: Mapping[str, Domains]
    admissions: Mapping[str, Admission]

    @classmethod
    def of(cls, config: Config) -> Limits:
        """Make those of a config."""
        relays = config.relays
        return cls(
            paces={name: Pace(*relay.rate) for name, relay in relays.items() if relay.rate},
            domains={name: _domains(relay) for name, relay in relays.items()},
            admissions=_admissions(config),
        )


def _domains(relay: Relay) -> Domains:
    if relay.per_domain is None:
        return Domains(relay.connections)
    limits = PerDomain(
        connections=relay.per_domain.connections,
        gap=_gap(relay.per_domain.rate),
    )
    if not relay.per_domain.by_mx:
        return Domains(relay.connections, limits)
    # Here, since its library takes its time to load, and few sites ask for it.
    from publisher.transports._mx import Providers

    return Domains(relay.connections, limits, Providers().of)


def _admissions(config: Config) -> dict[str, Admission]:
    """Make what stands before each relay; what is a sender's is the same before all of them."""
    of_senders = {
        domain: _quota(f"sender {domain}", sender) for domain, sender in config.senders.items()
    }
    paces = {
        domain: Gate(f"sender {domain}", Throttle.none(), _gap(sender.rate))
        for domain, sender in config.senders.items()
        if sender.rate is not None
    }
    domains = {each.slug: each.sender.domain.lower() for each in config.newsletters}
    made = {}
    for name, relay in config.relays.items():
        own = _quota(f"relay {name}", relay)
        made[name] = Admission(
            quotas={
                slug: tuple(q for q in (own, of_senders.get(domain)) if q is not None)
                for slug, domain in domains.items()
            },
            gates={slug: paces[domain] for slug, domain in domains.items() if domain in paces},
            hours={
                each.slug: (each.hours, each.timezone)
                for each in config.newsletters
                if each.hours is not None
            },
            zone=config.publication.timezone,
        )
    return made


def _quota(name: str, of: Relay | Sender) -> Quota | None:
    if of.daily is None and of.warm_up is None:
        return None
    return Quota(name=name, daily=of.daily, warm_up=of.warm_up)


def _gap(rate: Rate | None) -> float:
    """Give the seconds from one mail to the next, 0 where there is no limit."""
    return 0.0 if rate is None else rate[1] / rate[0]
