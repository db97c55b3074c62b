"""A config without fault: what its keys become, and what holds without them."""

from __future__ import annotations

import base64
import dataclasses
import sys
import types
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from publisher.config import Config, Webhook
from publisher.model import (
    Address,
    Cadence,
    EventKind,
    Feed,
    Format,
    InDoubtPolicy,
    Newsletter,
    Order,
    Publication,
    Selection,
    Weight,
)
from publisher.transports._settings import FileSettings, LmtpSettings, SmtpSettings
from tests.rig.keys import private_pem

Read = Callable[..., Config]

# The example that the interface promises, word for word in its keys.
PROMISED = """\
[publication]
title = "Example News"
base_url = "https://news.example.org"
description = "..."
language = "en"                       # BCP 47
timezone = "Asia/Shanghai"            # IANA
postal_address = "..."                # in every mail's footer

[store]
url = "sqlite:///../var/publisher.db" # or postgresql://user@host/db

[web]
listen = "127.0.0.1:8000"             # $PORT wins

[[sources]]
name = "newsroom"
kind = "folder"                       # folder feed web wordpress ghost sql, or a dotted module
every = "1m"
path = "../examples/articles"

[[feeds]]
slug = "all"
title = "Everything"
formats = ["rss", "atom", "json"]
limit = 50
content = "full"                      # or "summary"
select = { sources = ["newsroom"], tags = ["labour"], languages = ["en"] }

[[newsletters]]
slug = "digest"
title = "The Digest"
from = "Example News <news@example.org>"
reply_to = "editor@example.org"
subject = "{{ newsletter.title }}: {{ articles[0].title }}"
template = "digest"
select = { tags = ["labour"] }
min_articles = 1
max_articles = 20
max_lateness = "6h"
in_doubt = "ask"                      # resend, skip
grace = "10m"
approval = false
smtp = ["main"]
[newsletters.cadences]
instant = {}
daily   = { cron = "0 7 * * *" }
weekly  = { cron = "0 8 * * mon" }    # 0 and 7 are Sunday, as in cron

[smtp.main]
host = "127.0.0.1"
port = 2525
security = "none"                     # starttls, tls
username = "${SMTP_USERNAME}"
password = "${SMTP_PASSWORD}"
connections = 20
rate = "500/m"
per_domain = { connections = 5, rate = "100/m" }
dkim = { domain = "example.org", selector = "news", key_file = "dkim.pem" }

[bounces]
address = "bounce@example.org"        # VERP: bounce+<token>@example.org
maildir = "../var/bounces"            # and/or imap, lmtp listen
"""
PROMISED_NEWSLETTER = Newsletter(
    slug="digest",
    title="The Digest",
    description="",
    sender=Address(mailbox="news@example.org", name="Example News"),
    reply_to=Address(mailbox="editor@example.org"),
    subject="{{ newsletter.title }}: {{ articles[0].title }}",
    template="digest",
    select=Selection(tags=("labour",)),
    min_articles=1,
    max_articles=20,
    max_age=None,
    order=Order.NEWEST,
    max_lateness=timedelta(hours=6),
    in_doubt=InDoubtPolicy.ASK,
    grace=timedelta(minutes=10),
    approval=False,
    relays=("main",),
    cadences=(
        Cadence(name="instant", cron=None),
        Cadence(name="daily", cron="0 7 * * *"),
        Cadence(name="weekly", cron="0 8 * * mon"),
    ),
    language="en",
    timezone=ZoneInfo("Asia/Shanghai"),
)
NEWSLETTER = """
[[newsletters]]
slug = "digest"
title = "The Digest"
from = "news@example.org"
cadences = { daily = { cron = "@daily" } }
"""
RELAY = """
[smtp.main]
host = "mail.example.org"
"""


def line(config: Config, name: str = "main") -> SmtpSettings:
    hop = config.relays[name].hop
    assert isinstance(hop, SmtpSettings)
    return hop


@pytest.fixture
def promised(read: Read, tmp_path: Path) -> Config:
    (tmp_path / "site" / "dkim.pem").write_text(private_pem())
    return read(PROMISED, {"SMTP_USERNAME": "news", "SMTP_PASSWORD": "open sesame"})


def test_publication_becomes_a_value(promised: Config) -> None:
    expected = Publication(
        title="Example News",
        base_url="https://news.example.org",
        description="...",
        language="en",
        timezone=ZoneInfo("Asia/Shanghai"),
        postal_address="...",
    )

    assert expected == promised.publication


def test_feed_becomes_a_value(promised: Config) -> None:
    expected = Feed(
        slug="all",
        title="Everything",
        description="...",
        formats=(Format.RSS, Format.ATOM, Format.JSON),
        limit=50,
        full=True,
        select=Selection(sources=("newsroom",), tags=("labour",), languages=("en",)),
        language="en",
    )

    assert (expected,) == promised.feeds


def test_newsletter_becomes_a_value(promised: Config) -> None:
    assert list(promised.newsletters) == [PROMISED_NEWSLETTER]


def test_relay_and_bounce_address_become_values(promised: Config) -> None:
    relay = promised.relays["main"]
    hop = line(promised)

    assert (hop.host, hop.port, hop.security) == ("127.0.0.1", 2525, "none")
    assert relay.connections == 20
    assert (hop.username, hop.password) == ("news", "open sesame")
    assert promised.bounces.address == Address(mailbox="bounce@example.org")


def test_paths_are_relative_to_the_file(promised: Config, tmp_path: Path) -> None:
    assert f"sqlite:///{tmp_path}/var/publisher.db" == promised.store_url.get_secret_value()
    assert tmp_path / "examples" / "articles" == vars(promised.sources[0].settings)["path"]
    assert tmp_path / "templates" == promised.templates
    assert tmp_path / "var" / "caught" == promised.capture.folder


def test_absolute_paths_stay(read: Read, minimal: str) -> None:
    config = read(minimal + '[store]\nurl = "sqlite:////srv/p.db"\n[templates]\npath = "/srv/t"\n')

    assert config.store_url.get_secret_value() == "sqlite:////srv/p.db"
    assert config.templates == Path("/srv/t")


def test_a_title_an_address_and_a_source_are_enough(read: Read, minimal: str) -> None:
    config = read(minimal)

    assert (config.feeds, config.newsletters, dict(config.relays)) == ((), (), {})
    assert (config.publication.language, config.publication.timezone.key) == ("en", "UTC")
    assert (config.web, config.capture.listen) == (("127.0.0.1", 8000), ("127.0.0.1", 2525))
    assert (config.sources[0].every, config.sources[0].start) == (timedelta(minutes=1), None)
    assert (config.bounces.address, config.admin) == (None, None)


def test_admin_becomes_an_address(read: Read, minimal: str) -> None:
    config = read(
        minimal.replace("[publication]\n", '[publication]\nadmin = "Ed <e@example.org>"\n')
    )

    assert config.admin == Address(mailbox="e@example.org", name="Ed")


def test_newsletter_has_defaults(read: Read, minimal: str) -> None:
    expected = dataclasses.replace(
        PROMISED_NEWSLETTER,
        sender=Address(mailbox="news@example.org"),
        reply_to=None,
        select=Selection(),
        cadences=(Cadence(name="daily", cron="@daily"),),
        timezone=ZoneInfo("UTC"),
    )

    config = read(minimal + NEWSLETTER + RELAY)

    assert (expected,) == config.newsletters


def test_issue_may_want_exactly_its_maximum(read: Read, minimal: str) -> None:
    config = read(f"{minimal}{NEWSLETTER}min_articles = 7\nmax_articles = 7\n{RELAY}")

    assert (config.newsletters[0].min_articles, config.newsletters[0].max_articles) == (7, 7)


def test_newsletter_may_carry_the_oldest_first_and_none_that_is_too_old(
    read: Read, minimal: str
) -> None:
    config = read(f'{minimal}{NEWSLETTER}order = "oldest"\nmax_age = "30d"\n{RELAY}')

    newsletter = config.newsletters[0]
    assert (newsletter.order, newsletter.max_age) == (Order.OLDEST, timedelta(days=30))


def test_feed_and_newsletter_may_have_their_own_language_and_zone(read: Read, minimal: str) -> None:
    own = 'language = "zh-Hans"\ntimezone = "Asia/Shanghai"\n'
    feed = '[[feeds]]\nslug = "all"\ntitle = "All"\nlanguage = "de"\n'

    config = read(minimal + NEWSLETTER + own + feed + RELAY)

    assert config.feeds[0].language == "de"
    assert config.newsletters[0].language == "zh-Hans"
    assert config.newsletters[0].timezone.key == "Asia/Shanghai"


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_port_of_a_relay_follows_its_security(
    read: Read, minimal: str, security: str, port: int
) -> None:
    config = read(f'{minimal}{RELAY}security = "{security}"\n')

    assert port == line(config).port


def test_hop_is_a_socket_or_a_host_and_port_or_a_folder(
    read: Read, minimal: str, tmp_path: Path
) -> None:
    relays = read(
        f"""{minimal}
[smtp.socket]
protocol = "lmtp"
socket = "run/lmtp"
[smtp.host]
protocol = "lmtp"
host = "::1"
port = 24
security = "none"
[smtp.folder]
protocol = "file"
folder = "../mail"
format = "maildir"
"""
    ).relays

    expected = {
        "socket": LmtpSettings(socket=tmp_path / "site/run/lmtp", security="none"),
        "host": LmtpSettings(host="::1", port=24, security="none"),
        "folder": FileSettings(folder=tmp_path / "mail", format="maildir"),
    }
    assert expected == {name: relay.hop for name, relay in relays.items()}


@pytest.mark.parametrize(("start", "count"), [('"all"', None), ('"now"', 0), ("7", 7)])
def test_start_is_how_many_of_the_first_load_are_mailed(
    read: Read, minimal: str, start: str, count: int | None
) -> None:
    config = read(f"{minimal}start = {start}\n")

    assert count == config.sources[0].start


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("90s", 90), ("10m", 600), ("6h", 21600), ("2d", 172800)]
)
def test_durations_have_units(read: Read, minimal: str, text: str, seconds: int) -> None:
    config = read(f'{minimal}every = "{text}"\n')

    assert timedelta(seconds=seconds) == config.sources[0].every


@pytest.mark.parametrize(
    ("listen", "endpoint"),
    [
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:8000", ("::1", 8000)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_listen_is_host_and_port(
    read: Read, minimal: str, listen: str, endpoint: tuple[str, int]
) -> None:
    config = read(f'{minimal}[web]\nlisten = "{listen}"\n')

    assert endpoint == config.web


def test_port_of_the_environment_wins_on_all_interfaces(read: Read, minimal: str) -> None:
    config = read(f'{minimal}[web]\nlisten = "127.0.0.1:8000"\n', {"PORT": "5000"})

    assert config.web == ("0.0.0.0", 5000)


def test_final_slash_of_base_url_goes(read: Read, minimal: str) -> None:
    config = read(minimal.replace("news.example.org", "example.org/news/"))

    assert config.publication.base_url == "https://example.org/news"


@pytest.mark.parametrize(
    ("hub", "where", "is_own"),
    [
        ("self", "https://news.example.org/hub", True),
        ("https://hub.example.net/", "https://hub.example.net/", False),
    ],
)
def test_hub_is_our_own_or_another(
    read: Read, minimal: str, hub: str, where: str, is_own: bool
) -> None:
    publication = read(f'{minimal}\n[web]\nhub = "{hub}"').publication

    assert (publication.hub, publication.has_own_hub) == (where, is_own)


WEBHOOK = """
[[webhooks]]
name = "crm"
url = "{url}"
secret = "{secret}"
"""


def test_webhook_becomes_a_value(read: Read, minimal: str) -> None:
    secret = base64.b64encode(b"k" * 32).decode()
    table = WEBHOOK.format(url="https://crm.example.org/hook", secret=f"whsec_{secret}")
    kinds = 'kinds = ["complaint", "bounce.hard", "complaint"]'

    (webhook,) = read(f"{minimal}{table}{kinds}").webhooks

    assert webhook == Webhook(
        name="crm",
        url="https://crm.example.org/hook",
        key=b"k" * 32,
        kinds=(EventKind.COMPLAINT, EventKind.BOUNCE_HARD),
        allow_private=False,
    )
    assert "kkkk" not in repr(webhook)


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "[::1]", "localhost"])
def test_webhook_on_this_machine_needs_no_encryption_and_no_permission(
    read: Read, minimal: str, host: str
) -> None:
    secret = base64.b64encode(b"k" * 24).decode()

    (webhook,) = read(f"{minimal}{WEBHOOK.format(url=f'http://{host}/', secret=secret)}").webhooks

    assert webhook.allow_private
    assert webhook.key == b"k" * 24


def test_our_hub_calls_no_private_address_unless_it_is_allowed(read: Read, minimal: str) -> None:
    allowed = [
        read(f"{minimal}\n[web]\n{line}").hub_allow_private
        for line in ("", "hub_allow_private = true")
    ]

    assert allowed == [False, True]


def test_short_scheme_of_postgresql_is_understood(read: Read, minimal: str) -> None:
    config = read(f'{minimal}[store]\nurl = "${{DB}}"\n', {"DB": "postgres://me:pw@db/news"})

    assert config.store_url.get_secret_value() == "postgresql://me:pw@db/news"


def test_environment_is_read_anywhere_in_a_text(read: Read, minimal: str) -> None:
    text = minimal.replace("Example News", "${WHO}'s $$5 $ ${WHAT}")

    config = read(text, {"WHO": "Ada", "WHAT": "${WHO}"})

    assert config.publication.title == "Ada's $5 $ ${WHO}"


def test_environment_may_give_a_number(read: Read, minimal: str) -> None:
    config = read(f'{minimal}{RELAY}port = "${{SMTP_PORT}}"\n', {"SMTP_PORT": "2525"})

    assert line(config).port == 2525


def test_empty_login_is_no_login(read: Read, minimal: str) -> None:
    config = read(f'{minimal}{RELAY}username = "${{U}}"\npassword = "${{P}}"\n', {"U": "", "P": ""})

    assert (line(config).username, line(config).password) == (None, None)


@pytest.mark.parametrize("content", ["open sesame", "open sesame\n", "open sesame\r\n"])
def test_secret_is_read_from_a_file_without_its_line_end(
    read: Read, minimal: str, tmp_path: Path, content: str
) -> None:
    (tmp_path / "site" / "password").write_bytes(content.encode())

    config = read(f'{minimal}{RELAY}username = "news"\npassword_file = "password"\n')

    assert line(config).password == "open sesame"


def test_rules_of_the_preflight_are_weighed(read: Read, minimal: str) -> None:
    weighed = read(f'{minimal}\n[preflight]\nalt = "block"\nspam = "off"\n').preflight

    assert (Weight.BLOCK, Weight.OFF) == (weighed["alt"], weighed["spam"])
    assert {"alt": "warn", "spam": "warn"} == {
        rule: weight for rule, weight in read(minimal).preflight.items() if weighed[rule] != weight
    }


def test_secrets_are_not_in_repr(promised: Config) -> None:
    assert "open sesame" not in repr(promised)


def test_same_text_gives_equal_configs(read: Read, minimal: str) -> None:
    """So that a reload can tell that nothing has changed."""
    assert read(minimal + NEWSLETTER + RELAY) == read(minimal + NEWSLETTER + RELAY)
    assert read(minimal + RELAY) != read(minimal)


def test_dotted_kind_is_a_module_of_ones_own(
    read: Read, minimal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Settings(BaseModel):
        room: int

    module = types.ModuleType("their.kind")
    vars(module).update(Settings=Settings, make=lambda name, settings, site: (name, settings, site))
    monkeypatch.setitem(sys.modules, "their", types.ModuleType("their"))
    monkeypatch.setitem(sys.modules, "their.kind", module)

    config = read(f'{minimal}\n[[sources]]\nname = "wire"\nkind = "their.kind"\nroom = 7\n')

    made: object = config.sources[1].make(config.publication)
    assert made == ("wire", Settings(room=7), config.publication)
