"""Rules that span keys and tables. Each works on filled tables that may have other faults.

So that all faults come at once, a rule looks only at what it can use and leaves the rest to
the models, which speak about types.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from publisher import providers, slots
from publisher.config import kinds, looks
from publisher.config.faults import Faults
from publisher.config.models import SourceTable
from publisher.config.newsletters import NewsletterTable
from publisher.config.schema import KeyPath, Place, keys
from publisher.errors import AddressError
from publisher.mail import address

_Tables = dict[str, Any]

# What browsers trust without https (Secure Contexts §3.1).
_LOOPBACK = re.compile(r"127\.\d+\.\d+\.\d+|::1|(.+\.)?localhost")


def check(site: _Tables, faults: Faults) -> None:
    """Note every fault between keys."""
    _check_names(site, faults)
    _check_tokens(site, faults)
    sources = _names(site, "sources")
    for path, table in [*_tables(site, "feeds"), *_tables(site, "newsletters")]:
        select = table.get("select")
        if isinstance(select, dict):
            _check_known((*path, "select", "sources"), select.get("sources"), sources, faults)
        for name, topic in _table(table, "topics").items():
            if isinstance(topic, dict):
                key = (*path, "topics", name, "sources")
                _check_known(key, topic.get("sources"), sources, faults)
    _check_former_slugs(site, faults)
    for path, newsletter in _tables(site, "newsletters"):
        _check_relays(path, newsletter, list(_table(site, "smtp")), faults)
        _check_cadences(path, newsletter, faults)
        _check_counts(path, newsletter, faults)
        looks.check((*path, "theme"), newsletter.get("theme"), faults)
    _check_merging(site, faults)
    _check_proof(site, faults)
    _check_senders(site, faults)


def settle_sources(site: _Tables, faults: Faults) -> dict[int, tuple[Any, BaseModel]]:
    """Give each source's module and settings by its place; faulty ones are noted, not given."""
    settled = {}
    own = keys(SourceTable)
    for path, table in _tables(site, "sources"):
        kind = table.get("kind")
        if not isinstance(kind, str):
            continue
        try:
            module = kinds.find(kind)
        except ValueError as error:
            shipped = list(kinds.shipped())
            near = difflib.get_close_matches(kind, shipped, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            allowed = f"{', '.join(shipped)}, or the dotted name of a module of your own"
            faults.add((*path, "kind"), f"{error}{hint}", allowed)
            continue
        given = {key: value for key, value in table.items() if key not in own}
        if (settings := _settings(module, path, given, faults, own)) is not None:
            settled[int(path[-1])] = (module, settings)
    return settled


def settle_providers(site: _Tables, faults: Faults) -> dict[str, tuple[Any, BaseModel]]:
    """Give the module and settings of each provider that tells of mails, by its name."""
    settled = {}
    for name, table in _table(_table(site, "bounces"), "webhooks").items():
        path = ("bounces", "webhooks", name)
        try:
            module = kinds.find(name, providers)
        except ValueError:
            shipped = list(kinds.shipped(providers))
            near = difflib.get_close_matches(name, shipped, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            faults.add(path, f"there is no such provider{hint}", ", ".join(shipped))
            continue
        if isinstance(table, dict):
            settings = _settings(module, path, table, faults)
            if settings is not None:
                settled[name] = (module, settings)
    return settled


def _settings(
    module: Any, path: KeyPath, given: _Tables, faults: Faults, own: Iterable[str] = ()
) -> BaseModel | None:
    """Make a module's settings of what is given; what is wrong is noted."""
    try:
        settings: BaseModel = module.Settings.model_validate(given)
    except ValidationError as error:
        faults.add_invalid(error, Place.of(module.Settings), path, own)
        return None
    return settings


def _check_tokens(site: _Tables, faults: Faults) -> None:
    """A token says where an article belongs, so no two sources have the same."""
    seen: dict[str, KeyPath] = {}
    for path, table in _tables(site, "sources"):
        token = table.get("token")
        if not isinstance(token, str):
            continue
        if token in seen:
            first = faults.dotted(seen[token])
            faults.add((*path, "token"), f"is that of {first}", "a token of its own")
        seen.setdefault(token, path)


def _check_names(site: _Tables, faults: Faults) -> None:
    for array, key in (
        ("sources", "name"),
        ("feeds", "slug"),
        ("newsletters", "slug"),
        ("webhooks", "name"),
    ):
        seen: dict[str, KeyPath] = {}
        for path, table in _tables(site, array):
            name = table.get(key)
            if isinstance(name, str) and name in seen:
                first = faults.dotted(seen[name])
                faults.add(
                    (*path, key), f'"{name}" is already used by {first}', "a name of its own"
                )
            elif isinstance(name, str):
                seen[name] = path


def _check_former_slugs(site: _Tables, faults: Faults) -> None:
    """One address leads to one feed."""
    taken = {
        table["slug"]: path
        for path, table in _tables(site, "feeds")
        if isinstance(table.get("slug"), str)
    }
    for path, table in _tables(site, "feeds"):
        former = table.get("formerly")
        for n, slug in enumerate(former if isinstance(former, list) else []):
            if not isinstance(slug, str):
                continue
            if slug in taken:
                first = faults.dotted(taken[slug])
                faults.add(
                    (*path, "formerly", n), f'"{slug}" is already used by {first}', "one feed each"
                )
            taken[slug] = path


def _check_relays(path: KeyPath, newsletter: _Tables, relays: list[str], faults: Faults) -> None:
    key = (*path, "smtp")
    if not relays:
        faults.add(key, "there is no relay; add a table [smtp.NAME] with its host")
    elif "smtp" in newsletter:
        named = newsletter["smtp"]
        for name in named if isinstance(named, dict) else ():
            if name not in relays:
                faults.add((*key, name), f'there is no "{name}"', ", ".join(relays))
        _check_known(key, named, relays, faults)
        several = isinstance(named, list | dict) and len(named) > 1
        if several and newsletter.get("in_doubt") == "resend":
            faults.add(
                (*path, "in_doubt"),
                "what one relay may have taken must not go over another one by itself",
                'with several relays "ask" or "skip"',
            )
    elif len(relays) > 1:
        faults.add(key, "missing, and there are several relays", f"some of {', '.join(relays)}")


def _check_cadences(path: KeyPath, newsletter: _Tables, faults: Faults) -> None:
    for name, cadence in _table(newsletter, "cadences").items():
        if not isinstance(cadence, dict):
            continue
        key = (*path, "cadences", name, "cron")
        # A forgotten cron must not become a mail for each article.
        if name != "instant" and "cron" not in cadence:
            faults.add(key, "missing; only the cadence instant has none", _cron_allowed())
        if name == "instant" and "cron" in cadence:
            faults.add(key, "instant mails as articles come; give a timed cadence another name")
        if cadence.get("own_time") is True and not _has_one_time(cadence.get("cron")):
            faults.add(
                (*path, "cadences", name, "own_time"),
                "readers cannot have a time of their own where there is not one time a day",
                "true only beside a cron with one hour and one minute",
            )


def _has_one_time(cron: Any) -> bool:
    try:
        return isinstance(cron, str) and slots.time_of_day(cron) is not None
    except ValueError:  # told as a fault of the cron
        return True


def _check_merging(site: _Tables, faults: Faults) -> None:
    """What is in one mail goes out at one time, from one sender."""
    merging = [
        (p, table) for p, table in _tables(site, "newsletters") if table.get("merge") is True
    ]
    for path, table in merging[1:]:
        first_path, first = merging[0]
        for key in ("from", "grace", "approval"):
            if table.get(key) != first.get(key):
                faults.add(
                    (*path, key),
                    f"is not that of {faults.dotted(first_path)}, which merges with it",
                    "the same in all newsletters with merge = true",
                )


def _check_senders(site: _Tables, faults: Faults) -> None:
    """A limit for a domain that nothing is from is a slip of the pen."""
    addresses = [table.get("from") for _, table in _tables(site, "newsletters")]
    known = {_domain(sender) for sender in addresses if isinstance(sender, str)} - {""}
    for name in _table(site, "senders"):
        if name.lower() not in known:
            faults.add(("senders", name), "no newsletter is from there", ", ".join(sorted(known)))


def _domain(sender: str) -> str:
    try:
        return address.parse(sender).domain.lower()
    except AddressError:  # told as a fault of the newsletter
        return ""


def _check_proof(site: _Tables, faults: Faults) -> None:
    """Browsers do such sums in secure contexts alone."""
    base_url = _table(site, "publication").get("base_url")
    if _table(site, "signup").get("proof_of_work") is True and isinstance(base_url, str):
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
            faults.add(
                ("signup", "proof_of_work"),
                "browsers can do that on https alone, and publication.base_url has http",
                "false, or an https base_url",
            )


def _check_counts(path: KeyPath, newsletter: _Tables, faults: Faults) -> None:
    low, high = (
        newsletter.get(key, NewsletterTable.model_fields[key].default)
        for key in ("min_articles", "max_articles")
    )
    if isinstance(low, int) and isinstance(high, int) and low > high:
        faults.add((*path, "min_articles"), f"{low} is more than max_articles, {high}")


def _check_known(path: KeyPath, given: Any, known: Iterable[str], faults: Faults) -> None:
    known = list(known)
    for n, name in enumerate(given if isinstance(given, list) else []):
        if isinstance(name, str) and name not in known:
            faults.add(
                (*path, n), f'there is no "{name}"', ", ".join(known) or "none, as there is none"
            )
        elif name in given[:n]:
            faults.add((*path, n), f'"{name}" is named twice')


def _cron_allowed() -> str | None:
    place = Place.of(NewsletterTable).at(("cadences", "daily", "cron"))
    return place.allowed if place else None


def _tables(site: _Tables, key: str) -> Iterator[tuple[KeyPath, _Tables]]:
    array = site.get(key)
    for n, table in enumerate(array if isinstance(array, list) else []):
        if isinstance(table, dict):
            yield (key, n), table


def _table(site: _Tables, key: str) -> _Tables:
    table = site.get(key)
    return table if isinstance(table, dict) else {}


def _names(site: _Tables, key: str) -> list[str]:
    return [t["name"] for _, t in _tables(site, key) if isinstance(t.get("name"), str)]
