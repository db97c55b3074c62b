"""What the config allows relays and senders, as delivery works with it: kept from run to run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    """For each relay, by name; and all the quotas there are."""

    paces: Mapping[str, Pace]
    domains: Mapping[str, Domains]
    admissions: Mapping[str, Admission]
    quotas: Sequence[Quota]

    @classmethod
    def of(cls, config: Config) -> Limits:
        """Make those of a config."""
        relays = config.relays
        quotas = {
            name: Quota(name=name, daily=of.daily, warm_up=of.warm_up)
            for name, of in _named(config)
            if of.daily is not None or of.warm_up is not None
        }
        return cls(
            paces={name: Pace(*relay.rate) for name, relay in relays.items() if relay.rate},
            domains={name: _domains(relay) for name, relay in relays.items()},
            admissions=_admissions(config, quotas),
            quotas=tuple(quotas.values()),
        )


def _named(config: Config) -> Iterator[tuple[str, Relay | Sender]]:
    """Yield what may have a quota, each with the name of that."""
    yield from ((f"relay {name}", relay) for name, relay in config.relays.items())
    yield from ((f"sender {domain}", sender) for domain, sender in config.senders.items())


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


def _admissions(config: Config, quotas: Mapping[str, Quota]) -> dict[str, Admission]:
    """Make what stands before each relay; what is a sender's is the same before all of them."""
    paces = {
        domain: Gate(f"sender {domain}", Throttle.none(), _gap(sender.rate))
        for domain, sender in config.senders.items()
        if sender.rate is not None
    }
    domains = {each.slug: each.sender.domain.lower() for each in config.newsletters}
    made = {}
    for name in config.relays:
        made[name] = Admission(
            quotas={
                slug: tuple(
                    quotas[each] for each in (f"relay {name}", f"sender {domain}") if each in quotas
                )
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


def _gap(rate: Rate | None) -> float:
    """Give the seconds from one mail to the next, 0 where there is no limit."""
    return 0.0 if rate is None else rate[1] / rate[0]
