"""Reading a config: file in, `Config` out, or every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from publisher.config import bounces, document, looks, relays, rules, webhooks
from publisher.config.document import anchored
from publisher.config.faults import Faults
from publisher.config.feeds import AutomaticFeedsTable, FeedTable, SelectTable
from publisher.config.models import SignUpTable, Site, WebTable
from publisher.config.newsletters import NewsletterTable
from publisher.config.schema import Place
from publisher.config.site import (
    Capture,
    Config,
    Endpoint,
    Serving,
    SignUps,
    SourceEntry,
)
from publisher.model import (
    AutomaticFeeds,
    Cadence,
    Feed,
    Newsletter,
    Podcast,
    Publication,
    Retention,
    Selection,
    Topic,
)

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_SQLITE = "sqlite:///"


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read the file at ``path``. Raises ConfigError with all its faults, in the file's order."""
    return settle(document.parse(path), path, environ)


def settle(written: dict[str, Any], path: Path, environ: Mapping[str, str]) -> Config:
    """Make the config from the parsed file. Raises ConfigError as `load` does."""
    faults = Faults(path, written)
    folder = path.parent
    filling = document.Filling(environ=environ, folder=folder, faults=faults, models=Place.of(Site))
    filled = filling.table(written)
    filled.setdefault("publication", {})  # so that what is missing is its keys
    site = _site(filled, faults)
    rules.check(filled, faults)
    relays.check(filled, folder, faults)
    bounces.check(filled, faults)
    sources = rules.settle_sources(filled, faults)
    providers = rules.settle_providers(filled, faults)
    port = _platform_port(environ, faults)
    faults.settle()
    assert site is not None  # noqa: S101 or there had been a fault

    publication = _publication(site)
    newsletters = tuple(
        _newsletter(each, publication, list(site.smtp), folder) for each in site.newsletters
    )
    return Config(
        path=path,
        publication=publication,
        admin=site.publication.admin,
        store_url=_store_url(site.store.url, folder),
        witness=anchored(site.store.witness, folder),
        # Platforms that give a PORT route to it from outside the machine.
        web=site.web.listen if port is None else Endpoint("0.0.0.0", port),  # noqa: S104
        serving=_serving(site.web),
        sign_ups=_sign_ups(site.signup),
        hub_allow_private=site.web.hub_allow_private,
        capture=Capture(listen=site.capture.listen, folder=anchored(site.capture.folder, folder)),
        templates=anchored(site.templates.path, folder),
        sources=tuple(
            SourceEntry(
                name=source.name,
                kind=source.kind,
                every=source.every,
                start=source.start,
                breaker=source.breaker,
                module=sources[n][0],
                settings=_settings(sources[n][1], folder),
            )
            for n, source in enumerate(site.sources)
        ),
        feeds=tuple(_feed(feed, publication) for feed in site.feeds),
        automatic_feeds=_automatic_feeds(site.automatic_feeds),
        newsletters=newsletters,
        relays={name: relays.relay(name, relay, folder) for name, relay in site.smtp.items()},
        senders={domain.lower(): relays.sender(table) for domain, table in site.senders.items()},
        bounces=bounces.settle(site.bounces, folder, providers),
        webhooks=tuple(map(webhooks.webhook, site.webhooks)),
        retention=Retention(**dict(site.retention)),
        preflight=dict(site.preflight),
    )


def _site(filled: dict[str, Any], faults: Faults) -> Site | None:
    try:
        return Site.model_validate(filled)
    except ValidationError as error:
        faults.add_invalid(error, Place.of(Site))
        return None


def _platform_port(environ: Mapping[str, str], faults: Faults) -> int | None:
    text = environ.get("PORT", "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        faults.add(("web", "listen"), f'the environment\'s PORT is "{text}"', "0 to 65535")
        return None
    return int(text)


def _publication(site: Site) -> Publication:
    table = site.publication
    own_hub = f"{table.base_url}/hub"
    return Publication(
        title=table.title,
        base_url=table.base_url,
        description=table.description,
        language=table.language,
        timezone=table.timezone,
        postal_address=table.postal_address,
        rights=table.rights,
        logo=table.logo,
        hub=own_hub if site.web.hub == "self" else site.web.hub,
    )


def _feed(table: FeedTable, publication: Publication) -> Feed:
    return Feed(
        slug=table.slug,
        title=table.title,
        description=table.description or publication.description,
        formats=table.formats,
        limit=None if table.complete else table.limit,
        full=table.content == "full",
        select=_selection(table.select),
        language=table.language or publication.language,
        formerly=table.formerly,
        is_retired=table.retired,
        podcast=None
        if table.podcast is None
        else Podcast(
            category=table.podcast.category,
            is_explicit=table.podcast.explicit,
            owner=table.podcast.owner,
        ),
    )


def _automatic_feeds(table: AutomaticFeedsTable) -> AutomaticFeeds:
    return AutomaticFeeds(
        kinds=tuple(dict.fromkeys(table.by)),
        formats=table.formats,
        limit=table.limit,
        full=table.content == "full",
    )


def _serving(table: WebTable) -> Serving:
    count, _, unit = (table.polls or "").partition("/")
    return Serving(
        max_age=table.max_age,
        stale_while_revalidate=table.stale_while_revalidate,
        polls=(int(count), _UNITS[unit]) if table.polls else None,
        trusted_proxies=table.trusted_proxies,
    )


def _sign_ups(table: SignUpTable) -> SignUps:
    return SignUps(
        record_ip=table.record_ip,
        per_network=relays.rate(table.per_network),
        per_address=relays.rate(table.per_address),
        per_domain=relays.rate(table.per_domain),
        total=relays.rate(table.total),
        proof_of_work=table.proof_of_work,
    )


def _newsletter(
    table: NewsletterTable, publication: Publication, names: list[str], folder: Path
) -> Newsletter:
    return Newsletter(
        slug=table.slug,
        title=table.title,
        description=table.description,
        sender=table.sender,
        reply_to=table.reply_to,
        subject=table.subject,
        template=table.template,
        select=_selection(table.select),
        min_articles=table.min_articles,
        max_articles=table.max_articles,
        max_age=table.max_age,
        order=table.order,
        max_lateness=table.max_lateness,
        in_doubt=table.in_doubt,
        grace=table.grace,
        hours=table.hours,
        approval=table.approval,
        relays=table.smtp.names if table.smtp else tuple(names),
        weights=table.smtp.weights if table.smtp else (),
        cadences=tuple(
            Cadence(
                name=name,
                cron=cadence.cron,
                own_time=cadence.own_time,
                template=cadence.template or "",
            )
            for name, cadence in table.cadences.items()
        ),
        topics=tuple(
            Topic(slug=slug, title=topic.title, select=_selection(topic))
            for slug, topic in table.topics.items()
        ),
        shared=table.shared,
        merge=table.merge,
        missed=table.missed,
        languages=table.languages,
        max_renditions=table.max_renditions,
        is_public=table.public,
        confirm_within=table.confirm_within,
        excerpt=table.excerpt,
        by_section=table.group_by == "section",
        reading_time=table.reading_time,
        theme=looks.theme(table.theme),
        intro="" if table.intro is None else str(anchored(table.intro, folder)),
        language=table.language or publication.language,
        timezone=table.timezone or publication.timezone,
    )


def _selection(table: SelectTable) -> Selection:
    return Selection(
        sources=table.sources,
        tags=table.tags,
        sections=table.sections,
        authors=table.authors,
        languages=table.languages,
    )


def _settings(settings: BaseModel, folder: Path) -> BaseModel:
    paths = {name: anchored(value, folder) for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update=paths)


def _store_url(url: SecretStr, folder: Path) -> SecretStr:
    text = url.get_secret_value()
    if not text.startswith(_SQLITE):
        return url
    file, mark, query = text.removeprefix(_SQLITE).partition("?")
    return SecretStr(f"{_SQLITE}{anchored(Path(file), folder)}{mark}{query}")
