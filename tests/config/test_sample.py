"""The sample site's config, and the reference page, against the models."""

from __future__ import annotations

import re
import runpy
import shutil
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.config import load, reference
from publisher.config.models import Site
from publisher.config.schema import Place, keys
from publisher.transports._settings import SmtpSettings
from tests.rig.certificate import make_certificate
from tests.rig.keys import private_pem

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "config" / "publisher.toml"
ENVIRON = {
    "SMTP_USERNAME": "news",
    "SMTP_PASSWORD": "open sesame",
    "WEBHOOK_PASSWORD": "open sesame, please",
    "WEBHOOK_SECRET": "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=",
}


def all_set(tmp_path: Path) -> Path:
    """Write the sample with every commented key in force, later lines beating earlier ones."""
    text = SAMPLE.read_text(encoding="utf-8")
    text = text.replace('\nselect = { tags = ["labour"] }\n', "\n")
    path = tmp_path / "publisher.toml"
    path.write_text(re.sub(r"(?m)^#(?=[a-z\[])", "", text), encoding="utf-8")
    (tmp_path / "dkim.pem").write_text(private_pem())
    made = make_certificate(tmp_path)
    made.certificate_file.rename(tmp_path / "news.pem")
    made.key_file.rename(tmp_path / "news.key")
    shutil.copy(tmp_path / "news.pem", tmp_path / "relay-ca.pem")
    return path


def models(place: Place, path: str = "") -> Iterator[str]:
    """Give every key of the models, tables of lists and dicts without their own names."""
    inner = place.items or place
    for key, child in keys(inner.table).items() if inner.table else ():
        yield f"{path}{key}"
        yield from models(child, f"{path}{key}.")


def written(value: Any, place: Place, path: str = "") -> Iterator[str]:
    """Give every key that a file sets, in the same terms."""
    if place.items and place.items.table:
        several = value.values() if place.names else [value] if isinstance(value, dict) else value
        for item in several:
            yield from written(item, place.items, path)
    elif place.table:
        for key, item in value.items():
            name = key if key in keys(place.table) else key.removesuffix("_file")
            child = keys(place.table).get(name)
            if child:  # else one of a source's kind
                yield f"{path}{name}"
                yield from written(item, child, f"{path}{name}.")


def test_sample_has_no_fault() -> None:
    articles = ROOT / "examples" / "articles"

    config = load(SAMPLE, {})

    assert articles == vars(config.sources[0].settings)["path"]


def test_sample_mails_without_grace_so_that_nobody_waits() -> None:
    config = load(SAMPLE, {})

    assert [timedelta(0)] == [newsletter.grace for newsletter in config.newsletters]


def test_sample_relay_is_the_capturing_server() -> None:
    config = load(SAMPLE, {})

    hop = config.relays["main"].hop
    assert isinstance(hop, SmtpSettings)
    assert config.capture.listen == (hop.host, hop.port)


def test_sample_shows_every_key(tmp_path: Path) -> None:
    document = tomllib.loads(all_set(tmp_path).read_text(encoding="utf-8"))

    shown = set(written(document, Place.of(Site)))

    assert set(models(Place.of(Site))) == shown


@pytest.mark.parametrize(
    "other",
    [
        'password = "${SMTP_PASSWORD}"\n',
        'auth = "xoauth2"\noauth_token_file = "/run/publisher/token"\n',
    ],
    ids=["token", "password"],
)
def test_sample_has_no_fault_with_every_key_set(tmp_path: Path, other: str) -> None:
    """But for one: it shows both ways to log in to IMAP, of which a file has one."""
    path = all_set(tmp_path)
    before, heading, imap = path.read_text(encoding="utf-8").partition("[bounces.imap]\n")
    assert other in imap
    path.write_text(before + heading + imap.replace(other, "", 1), encoding="utf-8")

    load(path, ENVIRON)


def test_reference_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """If not: python -m publisher.config > docs/reference/config.md."""
    page = ROOT / "docs" / "reference" / "config.md"

    runpy.run_module("publisher.config", run_name="__main__")

    assert page.read_text(encoding="utf-8") == capsys.readouterr().out


@pytest.mark.parametrize("row", re.findall(r"(?m)^\| `.*", reference.page()))
def test_every_key_has_type_default_and_meaning(row: str) -> None:
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]

    assert all(cells)
    assert cells[-1].endswith((".", '"'))
