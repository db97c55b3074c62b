"""Faults, word for word: what an admin reads must say where, what is wrong, what is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.config import Config, kinds, load
from publisher.config.load import settle
from publisher.errors import ConfigError
from publisher.model import EventKind
from tests.rig.keys import private_pem

Read = Callable[..., Config]
Faulty = Callable[..., list[str]]

FULL = """\
[publication]
title = "Example News"
base_url = "https://news.example.org"

[[sources]]
name = "newsroom"
kind = "folder"
path = "articles"

[[feeds]]
slug = "all"
title = "Everything"

[[newsletters]]
slug = "digest"
title = "The Digest"
from = "news@example.org"
smtp = ["main"]
[newsletters.cadences]
instant = {}
daily = { cron = "0 7 * * *" }

[smtp.main]
host = "mail.example.org"
"""
MERGING = """merge = true
cadences.daily = { cron = "0 7 * * *" }
[[newsletters]]
slug = "late"
title = "Late"
from = "news@example.org"
merge = true
grace = "1m"
"""
SLUG = "allowed: lower-case letters, digits and single hyphens between them"
ADDRESS = 'allowed: "name@example.org" or "A Name <name@example.org>"'
DURATION = "allowed: a number and its unit, such as 90s, 10m, 6h or 2d"
URL = "allowed: an http or https URL without user, query and fragment"
LISTEN = 'allowed: "host:port" with a port from 0 to 65535; 0 is any that is free'
RELAYS = (
    'allowed: a list of names, such as ["main", "backup"], or a table of weights from 0 to 1000,'
    " such as { main = 3, second = 1 }"
)
KINDS = f"allowed: {', '.join(kinds.shipped())}, or the dotted name of a module of your own"
CRON = 'allowed: five cron fields such as "0 7 * * mon", or @hourly @daily @weekly @monthly @yearly'

HOOK_URL = 'url = "https://crm.example.org/"'
SIGNING = f'secret = "whsec_{"ab34" * 11}"'
SIGNING_ALLOWED = (
    "allowed: whsec_ and 24 to 64 bytes in base64, as `openssl rand -base64 32` makes them"
)


EVENTS = " or ".join(", ".join(f'"{each}"' for each in EventKind).rsplit(", ", 1))


def hook(*lines: str) -> str:
    """A webhook's table, before that of the relay."""
    return "\n".join(['[[webhooks]]\nname = "crm"', *lines, "[smtp.main]\n"])


# What is replaced in FULL, by what, and the one fault that this makes.
ONE_FAULT = [
    # keys
    ('title = "Example News"', "", "publication.title: missing, allowed: text"),
    (
        'title = "Example',
        'titel = "x"\ntitle = "Example',
        "publication.titel: unknown key; did you mean title?",
    ),
    (
        'title = "Every',
        'zzz = 1\ntitle = "Every',
        "feeds.all.zzz: unknown key, allowed: slug, title,"
        " description, formats, limit, complete, content, select, language, formerly, retired,"
        " podcast",
    ),
    ("[publication]", "[smpt]\n[publication]", "smpt: unknown key; did you mean smtp?"),
    (
        'from = "news',
        'form = "x"\nfrom = "news',
        "newsletters.digest.form: unknown key; did you mean from?",
    ),
    ('path = "articles"', "", "sources.newsroom.path: missing, allowed: a path"),
    (
        'path = "a',
        'evry = "1m"\npath = "a',
        "sources.newsroom.evry: unknown key; did you mean every?",
    ),
    (
        'path = "a',
        'paht = "x"\npath = "a',
        "sources.newsroom.paht: unknown key; did you mean path?",
    ),
    (
        "[smtp.main]",
        '[capture]\n"a b" = 1\n[smtp.main]',
        'capture."a b": unknown key, allowed: listen, folder',
    ),
    # types
    ('title = "Example News"', "title = 5", "publication.title: 5 is not allowed, allowed: text"),
    ('title = "Every', 'limit = "x"\ntitle = "Every', "feeds.all.limit: " + '"x" is not allowed, '
     "allowed: a whole number from 1 to 1000"),
    ('title = "Every', 'limit = 0\ntitle = "Every',
     "feeds.all.limit: 0 is not allowed, allowed: a whole number from 1 to 1000"),
    ('title = "Every', 'content = "all"\ntitle = "Every',
     'feeds.all.content: "all" is not allowed, allowed: "full" or "summary"'),
    ('title = "Every', 'formats = ["rdf"]\ntitle = "Every',
     'feeds.all.formats[0]: "rdf" is not allowed, allowed: "rss", "atom" or "json"'),
    ('title = "Every', 'formats = []\ntitle = "Every',
     'feeds.all.formats: a list is not allowed, allowed: a list of at least one,'
     ' each item: "rss", "atom" or "json"'),
    ('title = "Every', 'select = { tags = "labour" }\ntitle = "Every',
     'feeds.all.select.tags: "labour" is not allowed, allowed: a list, each item: text'),
    ('smtp = ["main"]', 'approval = "perhaps"',
     'newsletters.digest.approval: "perhaps" is not allowed, allowed: true or false'),
    ('smtp = ["main"]', 'in_doubt = "hope"',
     'newsletters.digest.in_doubt: "hope" is not allowed, allowed: "ask", "resend" or "skip"'),
    ('smtp = ["main"]\n[newsletters.cadences]',
     'smtp = ["main", "b"]\nin_doubt = "resend"\n[smtp.b]\nhost = "b"\n[newsletters.cadences]',
     "newsletters.digest.in_doubt: what one relay may have taken must not go over another one by"
     ' itself, allowed: with several relays "ask" or "skip"'),
    ('smtp = ["main"]\n[newsletters.cadences]',
     'smtp = { main = 1, b = 1 }\nin_doubt = "resend"\n[smtp.b]\nhost = "b"\n'
     "[newsletters.cadences]",
     "newsletters.digest.in_doubt: what one relay may have taken must not go over another one by"
     ' itself, allowed: with several relays "ask" or "skip"'),
    ('smtp = ["main"]', "smtp = { main = 1, mian = 1 }",
     'newsletters.digest.smtp.mian: there is no "mian", allowed: main'),
    ('smtp = ["main"]', "smtp = { main = 0 }",
     f"newsletters.digest.smtp: gives no relay anything to carry, {RELAYS}"),
    ('smtp = ["main"]', "smtp = { main = true }",
     f"newsletters.digest.smtp: what main has is no weight, {RELAYS}"),
    ('smtp = ["main"]', "smtp = { main = 1001 }",
     f"newsletters.digest.smtp: what main has is no weight, {RELAYS}"),
    ('smtp = ["main"]', 'smtp = "main"',
     f"newsletters.digest.smtp: is not understood, {RELAYS}"),
    ('smtp = ["main"]', "smtp = []", f"newsletters.digest.smtp: is not understood, {RELAYS}"),
    ('smtp = ["main"]', 'hours = "9-5"',
     'newsletters.digest.hours: "9-5" is not a part of a day, allowed: "BEGIN-END" by a clock of'
     ' 24 hours, such as "07:00-22:00"; it may reach over midnight'),
    ('smtp = ["main"]', 'hours = "07:00-25:00"',
     'newsletters.digest.hours: "07:00-25:00" is not a part of a day, allowed: "BEGIN-END" by a'
     ' clock of 24 hours, such as "07:00-22:00"; it may reach over midnight'),
    ('smtp = ["main"]', 'hours = "07:00-07:00"',
     'newsletters.digest.hours: "07:00-07:00" is no time at all, or all of the day, allowed:'
     ' "BEGIN-END" by a clock of 24 hours, such as "07:00-22:00"; it may reach over midnight'),
    ('host = "mail.example.org"', 'host = "m"\n[senders."exmaple.org"]\ndaily = 5',
     'senders."exmaple.org": no newsletter is from there, allowed: example.org'),
    ('host = "mail.example.org"', 'host = "m"\nwarm_up = { start = "soon" }',
     'smtp.main.warm_up.start: "soon" is not allowed, allowed: a day, such as 2026-12-01'),
    ('host = "mail.example.org"', 'host = "m"\n[preflight]\nlinks = "warm"',
     'preflight.links: "warm" is not allowed, allowed: "off", "warn" or "block"'),
    ('host = "mail.example.org"', 'host = "m"\nsecurity = "ssl"',
     'smtp.main.security: "ssl" is not allowed, allowed: "none", "starttls" or "tls"'),
    ('host = "mail.example.org"', 'host = "m"\nrate = "fast"',
     'smtp.main.rate: "fast" is not allowed, allowed: a number per unit of time,'
     " such as 10/s, 500/m, 2000/h or 10000/d"),
    ('host = "mail.example.org"', 'host = "m"\ndkim = { domain = "d", selector = "s" }',
     "smtp.main.dkim.key: missing, allowed: text"),
    ('host = "mail.example.org"',
     'host = "m"\ndkim = { domain = "d", selector = "s", key = "k" }',
     "smtp.main.dkim.key: no private key in PEM form, or one with a password,"
     " allowed: an RSA or Ed25519 key in PEM form"),
    ('host = "mail.example.org"',
     'host = "m"\ndkim = [{ domain = "d", selector = "s", key = "k" }]',
     "smtp.main.dkim[0].key: no private key in PEM form, or one with a password,"
     " allowed: an RSA or Ed25519 key in PEM form"),
    ('host = "mail.example.org"', 'host = "m"\ndkim = "dkim.pem"',
     'smtp.main.dkim: "dkim.pem" is not allowed, allowed: a table, or a list of such tables'),
    ('title = "Every', 'limit = true\ntitle = "Every',
     "feeds.all.limit: is not a number, allowed: a whole number from 1 to 1000"),
    ("[[feeds]]", "[feeds]", "feeds: a table is not allowed, allowed: tables in double brackets"),
    ('[smtp.main]\nhost = "mail.example.org"', '[smtp]\nmain = "mail.example.org"',
     'smtp.main: "mail.example.org" is not allowed, allowed: a table'),
    ('kind = "folder"\npath = "articles"', "",
     "sources.newsroom.kind: missing, allowed: the name of a kind, such as folder"),
    ("[smtp.main]", '[smtp.main]\nusername = "news"\npassword = 7391',
     "smtp.main.password: this value is not allowed, allowed: text"),
    # names
    ('slug = "all"', 'slug = "All"', f'feeds.All.slug: "All" is not allowed, {SLUG}'),
    ('slug = "all"', 'slug = "a b"', f'feeds[0].slug: "a b" is not allowed, {SLUG}'),
    ("[smtp.main]", '[smtp.main]\nhost = "m"\n[smtp."Main"]',
     f'smtp.Main: "Main" is not allowed, {SLUG}'),
    ('title = "Every', 'title = "x"\n[[feeds]]\nslug = "all"\ntitle = "Every',
     'feeds[1].slug: "all" is already used by feeds[0], allowed: a name of its own'),
    ("[smtp.main]", '[[newsletters]]\nslug = "digest"\ntitle = "x"\nfrom = "n@example.org"\n'
     "cadences = { instant = {} }\n[smtp.main]",
     'newsletters[1].slug: "digest" is already used by newsletters[0], allowed: a name of its own'),
    ('path = "articles"', 'path = "x"\n[[sources]]\nname = "newsroom"\nkind = "folder"\npath = "y"',
     'sources[1].name: "newsroom" is already used by sources[0], allowed: a name of its own'),
    ('path = "articles"', 'path = "x"\n[[sources]]\nname = "a"\nkind = "push"\n'
     f'token = "{"x" * 32}"\n[[sources]]\nname = "b"\nkind = "push"\ntoken = "{"x" * 32}"',
     "sources.b.token: is that of sources.a, allowed: a token of its own"),
    # one thing names another
    ('title = "Every', 'select = { sources = ["newsrom"] }\ntitle = "Every',
     'feeds.all.select.sources[0]: there is no "newsrom", allowed: newsroom'),
    ('smtp = ["main"]', 'select = { sources = ["wire"] }',
     'newsletters.digest.select.sources[0]: there is no "wire", allowed: newsroom'),
    ('smtp = ["main"]', 'topics.ports = { title = "Ports", sources = ["wire"] }',
     'newsletters.digest.topics.ports.sources[0]: there is no "wire", allowed: newsroom'),
    ('smtp = ["main"]', 'topics.ports = { tags = ["ports"] }',
     "newsletters.digest.topics.ports.title: missing, allowed: text"),
    ('daily = { cron = "0 7 * * *" }', 'daily = { cron = "0 7,19 * * *", own_time = true }',
     "newsletters.digest.cadences.daily.own_time: readers cannot have a time of their own where"
     " there is not one time a day, allowed: true only beside a cron with one hour and one"
     " minute"),
    ("instant = {}", "instant = { own_time = true }",
     "newsletters.digest.cadences.instant.own_time: readers cannot have a time of their own where"
     " there is not one time a day, allowed: true only beside a cron with one hour and one"
     " minute"),
    ('base_url = "https://news.example.org"',
     'base_url = "http://news.example.org"\n[signup]\nproof_of_work = true',
     "signup.proof_of_work: browsers can do that on https alone, and publication.base_url has"
     " http, allowed: false, or an https base_url"),
    ('smtp = ["main"]', MERGING,
     "newsletters.late.grace: is not that of newsletters.digest, which merges with it,"
     " allowed: the same in all newsletters with merge = true"),
    ('smtp = ["main"]', 'smtp = ["man"]',
     'newsletters.digest.smtp[0]: there is no "man", allowed: main'),
    ('smtp = ["main"]', 'smtp = ["main", "main"]',
     'newsletters.digest.smtp[1]: "main" is named twice'),
    ('smtp = ["main"]\n[newsletters.cadences]',
     '[smtp.spare]\nhost = "s"\n[newsletters.cadences]',
     "newsletters.digest.smtp: missing, and there are several relays,"
     " allowed: some of spare, main"),
    ('[smtp.main]\nhost = "mail.example.org"', "",
     "newsletters.digest.smtp: there is no relay; add a table [smtp.NAME] with its host"),
    ('kind = "folder"', 'kind = "foldr"',
     'sources.newsroom.kind: there is no kind "foldr"; did you mean folder?, '
     f"{KINDS}"),
    ('kind = "folder"', 'kind = "nowhere.kind"',
     'sources.newsroom.kind: there is no kind "nowhere.kind", '
     f"{KINDS}"),
    ('kind = "folder"', 'kind = "os.path"',
     "sources.newsroom.kind: os.path is not a kind: it has no Settings or no make, "
     f"{KINDS}"),
    # what a value means
    ("https://news.example.org", "ftp://x.example",
     f'publication.base_url: "ftp://x.example" is not usable, {URL}'),
    ("https://news.example.org", "https://x.example/?a=1",
     f'publication.base_url: "https://x.example/?a=1" is not usable, {URL}'),
    ("https://news.example.org", "https://x.example:99999",
     f'publication.base_url: "https://x.example:99999" is not usable, {URL}'),
    ("https://news.example.org", "https://me@x.example",
     f'publication.base_url: "https://me@x.example" is not usable, {URL}'),
    ("https://news.example.org", "news.example.org",
     f'publication.base_url: "news.example.org" is not usable, {URL}'),
    ('title = "Example', 'timezone = "Europe/Berln"\ntitle = "Example',
     'publication.timezone: "Europe/Berln" is not a time zone; did you mean Europe/Berlin?,'
     " allowed: an IANA name such as Europe/Berlin"),
    ('title = "Example', 'timezone = "../etc"\ntitle = "Example',
     'publication.timezone: "../etc" is not a time zone,'
     " allowed: an IANA name such as Europe/Berlin"),
    ('title = "Example', 'language = "en_GB"\ntitle = "Example',
     'publication.language: "en_GB" is not a language tag; did you mean en-GB?,'
     " allowed: a BCP 47 tag such as en, en-GB or zh-Hans"),
    ('title = "Example', 'language = "english"\ntitle = "Example',
     'publication.language: "english" is not a language tag,'
     " allowed: a BCP 47 tag such as en, en-GB or zh-Hans"),
    ('path = "a', 'every = "5"\npath = "a',
     f'sources.newsroom.every: "5" is not a duration, {DURATION}, 1s or longer'),
    ('path = "a', 'every = 5\npath = "a',
     f"sources.newsroom.every: is not text in quotes, {DURATION}, 1s or longer"),
    ('path = "a', 'every = "0s"\npath = "a',
     f"sources.newsroom.every: is shorter than a second, {DURATION}, 1s or longer"),
    ('path = "a', 'start = true\npath = "a',
     'sources.newsroom.start: is not understood, allowed: "all", "now",'
     " or a whole number from 1"),
    ('path = "a', 'start = "never"\npath = "a',
     'sources.newsroom.start: is not understood, allowed: "all", "now",'
     " or a whole number from 1"),
    ('smtp = ["main"]', 'grace = "-5m"',
     f'newsletters.digest.grace: "-5m" is not a duration, {DURATION}'),
    ('smtp = ["main"]', "min_articles = 21",
     "newsletters.digest.min_articles: 21 is more than max_articles, 20"),
    ('cron = "0 7 * * *"', 'cron = "0 24 * * *"',
     f'newsletters.digest.cadences.daily.cron: hour: "24" is not 0 to 23, {CRON}'),
    ('cron = "0 7 * * *"', 'cron = "0 0 31 2 *"',
     "newsletters.digest.cadences.daily.cron: day of month: "
     f'"31" never comes in month 2, {CRON}'),
    ('from = "news@example.org"', 'from = "news"',
     "newsletters.digest.from: 'news' is not a usable address:"
     f" An email address must have an @-sign, {ADDRESS}"),
    ('{ cron = "0 7 * * *" }', "{}",
     f"newsletters.digest.cadences.daily.cron: missing; only the cadence instant has none, {CRON}"),
    ("instant = {}", 'instant = { cron = "@daily" }',
     "newsletters.digest.cadences.instant.cron:"
     " instant mails as articles come; give a timed cadence another name"),
    ('instant = {}\ndaily = { cron = "0 7 * * *" }', "",
     "newsletters.digest.cadences: a table is not allowed,"
     " allowed: at least one table, such as daily = { cron = ... }"),
    ("[smtp.main]", '[web]\nlisten = "8000"\n[smtp.main]',
     f'web.listen: "8000" is not a host and a port, {LISTEN}'),
    ("[smtp.main]", '[web]\nlisten = "localhost:65536"\n[smtp.main]',
     f'web.listen: "localhost:65536" is not a host and a port, {LISTEN}'),
    ("[smtp.main]", '[store]\nurl = "mysql://me:secret@db/news"\n[smtp.main]',
     "store.url: names no database that is supported,"
     " allowed: sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
    ("[smtp.main]", '[store]\nurl = "sqlite:///:memory:"\n[smtp.main]',
     "store.url: names no database that is supported,"
     " allowed: sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
    ("[smtp.main]", '[smtp.main]\nusername = "news"',
     "smtp.main.password: missing or empty, though there is a username, allowed: both or neither"),
    # what the file refers to
    ("Example News", "${NOBODY}", "publication.title: the environment has no NOBODY"),
    ("Example News", "${no body}",
     'publication.title: "${no body}" is not understood, allowed: ${NAME}, or $$ for one $'),
    ("Example News", "${NOBODY",
     'publication.title: "${NOBODY" is not understood, allowed: ${NAME}, or $$ for one $'),
    ('host = "mail.example.org"', 'host = "m"\nport = "${NOBODY}"',
     "smtp.main.port: the environment has no NOBODY"),
    ("[smtp.main]", '[smtp.main]\nusername = "n"\npassword = "p"\npassword_file = "f"',
     "smtp.main.password: stands beside password_file, allowed: one of the two"),
    ("[smtp.main]", "[smtp.main]\npassword_file = 5",
     "smtp.main.password_file: is not the name of a file, allowed: a path"),
    # webhooks
    ("[smtp.main]", hook('url = "http://crm.example.org/?key=1"', SIGNING),
     "webhooks.crm.url: is not encrypted, and what it is told is about people,"
     " allowed: an https URL, or an http URL of this machine"),
    ("[smtp.main]", hook('url = "crm.example.org"', SIGNING),
     "webhooks.crm.url: is not usable, allowed: an https URL, or an http URL of this machine"),
    ("[smtp.main]", hook(HOOK_URL, 'secret = "whsec_c2hvcnQ="'),
     f"webhooks.crm.secret: stands for 5 bytes, {SIGNING_ALLOWED}"),
    ("[smtp.main]", hook(HOOK_URL, 'secret = "whsec_?"'),
     f"webhooks.crm.secret: is not understood, {SIGNING_ALLOWED}"),
    ("[smtp.main]", hook(HOOK_URL, SIGNING, 'kinds = ["complaint", "bounce"]'),
     'webhooks.crm.kinds[1]: "bounce" is not allowed, allowed: ' + EVENTS),
    ("[smtp.main]", hook(HOOK_URL, SIGNING, "[[webhooks]]", 'name = "crm"', HOOK_URL, SIGNING),
     'webhooks[1].name: "crm" is already used by webhooks[0], allowed: a name of its own'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), ONE_FAULT)
def test_fault_names_key_wrong_and_allowed(
    faults_of: Faulty, old: str, new: str, expected: str
) -> None:
    assert old in FULL

    assert [expected] == faults_of(FULL.replace(old, new, 1))


def test_full_has_no_fault(read: Read) -> None:
    read(FULL)


def test_kind_that_cannot_be_imported_says_why(
    faults_of: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "broken.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)
    expected = (
        "sources.newsroom.kind: theirs.broken cannot be imported: No module named"
        f" 'nowhere_to_be_found', {KINDS}"
    )

    faults = faults_of(FULL.replace('kind = "folder"', 'kind = "theirs.broken"'))

    assert [expected] == faults


def test_kind_with_types_of_its_own_has_faults_in_pydantics_words(
    faults_of: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "kind.py").write_text(
        "import pydantic\n"
        "class Settings(pydantic.BaseModel):\n"
        "    path: str\n"
        "    ratio: float\n"
        "def make(name, settings, publication): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    expected = (
        'sources.newsroom.ratio: "x" is not allowed, allowed: a valid number,'
        " unable to parse string as a number"
    )

    faults = faults_of(FULL.replace('kind = "folder"', 'kind = "ours.kind"\nratio = "x"'))

    assert [expected] == faults


def test_missing_secret_file_is_a_fault(faults_of: Faulty, tmp_path: Path) -> None:
    secret = tmp_path / "site" / "secret"
    text = FULL + 'username = "news"\npassword_file = "secret"\n'

    expected = f"smtp.main.password_file: {secret} cannot be read: No such file or directory"
    assert [expected] == faults_of(text)


def test_unreadable_secret_file_is_a_fault(faults_of: Faulty, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\xff\xfe")
    text = f'{FULL}username = "news"\npassword_file = "{secret}"\n'

    expected = f"smtp.main.password_file: {secret} is not a text file in UTF-8"
    assert [expected] == faults_of(text)


def test_port_of_the_environment_must_be_one(faults_of: Faulty) -> None:
    expected = 'web.listen: the environment\'s PORT is "http", allowed: 0 to 65535'

    assert [expected] == faults_of(FULL, {"PORT": "http"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[publication]\ntitle = Example\n", "line 2, column 9: Invalid value"),
        ("[publication", "line 1, column 13: Expected ']'"),
        ('a = "1"\na = "2"', "line 2, column 8: Cannot overwrite a value"),
    ],
)
def test_bad_toml_names_line_and_column(faults_of: Faulty, text: str, expected: str) -> None:
    (fault,) = faults_of(text)

    assert fault.startswith(expected)


def test_missing_file_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"

    with pytest.raises(ConfigError, match="cannot be read: No such file or directory") as caught:
        load(path, {})

    assert [f"{path}: cannot be read: No such file or directory"] == caught.value.faults


def test_file_that_is_not_utf8_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"
    path.write_bytes(b"a = '\xff'")

    with pytest.raises(ConfigError) as caught:
        load(path, {})

    assert [f"{path}: is not UTF-8: byte 6 is wrong"] == caught.value.faults


def test_empty_file_asks_for_what_must_be_given(faults_of: Faulty) -> None:
    expected = [
        "publication.title: missing, allowed: text",
        f"publication.base_url: missing, {URL}",
    ]

    assert expected == faults_of("")


TEN = """\
[publication]
base_url = "news.example.org"
language = "english"
timezone = "Mars/Olympus"

[[sources]]
name = "newsroom"
kind = "foldr"
path = "articles"

[[feeds]]
slug = "all"
title = "Everything"
limt = 5
select = { sources = ["wire"] }

[[newsletters]]
slug = "digest"
title = "The Digest"
from = "nobody"
cadences = { daily = { cron = "0 25 * * *" } }

[smtp.main]
host = "mail.example.org"
port = 99999
password = "${SMTP_PASSWORD}"
"""


def test_ten_faults_are_ten_in_the_order_of_the_file(faults_of: Faulty) -> None:
    expected = [
        "publication.base_url",
        "publication.language",
        "publication.timezone",
        "publication.title",  # missing, so behind the keys that are there
        "sources.newsroom.kind",
        "feeds.all.limt",
        "feeds.all.select.sources[0]",
        "newsletters.digest.from",
        "newsletters.digest.cadences.daily.cron",
        "smtp.main.port",
        "smtp.main.password",
        "smtp.main.username",
    ]

    faults = faults_of(TEN)

    assert expected == [fault.partition(":")[0] for fault in faults]


SECRET = "correct-horse-battery"
HIDES_SECRET = [
    ('title = "${S}"\nform = "${S}"', "form"),
    ("password = 5", "password"),
    ('username = "${S}"\npassword = ["${S}"]', "password"),
    ('port = "${S}"', "port"),
    ('security = "${S}"', "security"),
    ('dkim = { domain = "d", selector = "s", key = ["${S}"] }', "key"),
    ('rate = "${S}"', "rate"),
]


@pytest.mark.parametrize(("keys", "faulty"), HIDES_SECRET)
def test_secrets_are_in_no_message(faults_of: Faulty, keys: str, faulty: str) -> None:
    faults = faults_of(f"{FULL}{keys}\n", {"S": SECRET})

    assert faulty in "\n".join(faults)
    assert SECRET not in "\n".join(faults)


def test_secret_url_of_the_store_is_in_no_message(faults_of: Faulty) -> None:
    faults = faults_of(f'{FULL}[store]\nurl = "mysql://me:{SECRET}@db/news"\n')

    assert SECRET not in "\n".join(faults)


# --- whatever is written ----------------------------------------------------------------

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-3, 70000),
        st.floats(allow_nan=False),
        st.dates(),
        st.text("ab$@:/{}[]-1.0 _", max_size=12),
        st.sampled_from(["${X}", "now", "all", "folder", "a.b", ".", "digest", "sqlite:///"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "slug", "cron", "x_file", "_file"]), inner),
    ),
    max_leaves=6,
)


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Give every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs if isinstance(value, dict | list) else ():
        found += [(value, key), *(spots(item) if isinstance(item, dict | list) else [])]
    return found


def faults_in(document: dict[str, Any]) -> list[str]:
    try:
        settle(document, Path("site/publisher.toml"), {})
    except ConfigError as error:
        return error.faults
    return []


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_value_anywhere_breaks_anything_but_the_config(data: st.DataObject) -> None:
    """One to three values of a good file become anything: it loads, or it has faults."""
    document = tomllib.loads(FULL)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(spots(document)))
        container[key] = data.draw(VALUES)

    for line in faults_in(document):
        assert re.match(r"site/publisher\.toml: \S.*: ", line)


def test_two_keys_cannot_have_one_record(faults_of: Faulty) -> None:
    table = f'{{ domain = "d", selector = "s", key = """{private_pem()}""" }}'

    faults = faults_of(f"{FULL}dkim = [{table}, {table}]\n")

    assert faults == [
        "smtp.main.dkim[1].selector: is that of smtp.main.dkim[0],"
        " allowed: one of its own for each key"
    ]


@pytest.mark.parametrize("name", ["d\\r\\nBcc: x", "example .org", "-d", "\u00fc.example"])
@pytest.mark.parametrize("key", ["domain", "selector"])
def test_name_that_the_dns_cannot_have_is_in_no_signature(
    faults_of: Faulty, key: str, name: str
) -> None:
    """A1: what stands in a header field of every mail."""
    keys = {"domain": "example.org", "selector": "news"} | {key: name}
    table = ", ".join(f'{each} = "{value}"' for each, value in keys.items())

    faults = faults_of(f'{FULL}dkim = {{ {table}, key = "k" }}\n')

    assert any(f"smtp.main.dkim.{key}: " in fault and "the DNS" in fault for fault in faults)
