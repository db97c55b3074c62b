"""What `publisher.ports.Source` promises, asked of every kind there is."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from importlib import import_module
from types import ModuleType

import pydantic
import pytest

from publisher.config import kinds
from publisher.errors import SourceError
from publisher.model import Publication, Rejection, SourceArticle, Unchanged, Unseen
from publisher.ports import Source, Visit
from tests.rig.visits import visit
from tests.sources.examples import Example

Told = list[SourceArticle | Unchanged | Unseen | Rejection]

# Articles come to these kinds, so there is nothing to ask them for.
_TELL_NOTHING = {"push"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask every kind; what needs an example, every kind that tells something."""
    needs_example = "example" in metafunc.fixturenames
    asked = kinds.shipped().keys() - (_TELL_NOTHING if needs_example else set())
    metafunc.parametrize("kind", sorted(asked))


@pytest.fixture
def module(kind: str) -> ModuleType:
    return import_module(f"publisher.sources.{kind}")


@pytest.fixture
def source(module: ModuleType, example: Example, publication: Publication) -> Source:
    made: Source = module.make("newsroom", module.Settings(**example.settings), publication)
    return made


async def tell(source: Source, known: Mapping[str, str] | None = None) -> Told:
    return await tell_on(source, visit(known))


async def tell_on(source: Source, pass_: Visit) -> Told:
    return [told async for told in source.articles(pass_)]


def stamps(told: Told) -> dict[str, str]:
    return {one.origin: one.stamp for one in told if isinstance(one, SourceArticle | Rejection)}


def test_settings_describe_every_key_and_refuse_others(module: ModuleType) -> None:
    settings = module.Settings

    assert issubclass(settings, pydantic.BaseModel)
    assert settings.model_config["extra"] == "forbid"
    assert [n for n, field in settings.model_fields.items() if not field.description] == []
    assert {"name", "kind", "every", "start"}.isdisjoint(settings.model_fields)


def test_source_has_its_name(source: Source) -> None:
    assert source.name == "newsroom"
    assert inspect.isasyncgenfunction(source.articles)


async def test_articles_are_told_with_what_ingest_needs(source: Source, example: Example) -> None:
    article = next(one for one in await tell(source) if one.origin == example.article)

    assert isinstance(article, SourceArticle)
    assert article.guid
    assert article.stamp
    assert article.title
    assert {type(getattr(article, f.name)) for f in fields(article)} >= {str, tuple}
    for instant in (article.published, article.updated):
        assert instant is None or instant.utcoffset() == timedelta(0)


async def test_bad_article_is_a_rejection_and_keeps_none_back(
    source: Source, example: Example
) -> None:
    told = {one.origin: one for one in await tell(source)}

    rejection = told[example.rejected]
    assert isinstance(rejection, Rejection)
    assert rejection.reason
    assert isinstance(told[example.article], SourceArticle)


async def test_two_passes_tell_the_same_in_the_same_order(source: Source) -> None:
    assert await tell(source) == await tell(source)


async def test_known_stamps_are_told_as_unchanged(source: Source) -> None:
    known = stamps(await tell(source))

    assert await tell(source, known) == [Unchanged(origin=origin) for origin in known]


async def test_changed_article_is_told_again_with_another_stamp(
    source: Source, example: Example
) -> None:
    known = stamps(await tell(source))
    example.edit()

    article = next(one for one in await tell(source, known) if one.origin == example.article)

    assert isinstance(article, SourceArticle)
    assert article.stamp != known[example.article]


async def test_source_that_cannot_be_read_raises_before_telling_anything(
    source: Source, example: Example
) -> None:
    example.break_all()

    with pytest.raises(SourceError, match="newsroom"):
        await tell(source)


async def test_what_a_source_remembers_can_be_kept_and_leads_to_no_repetition(
    source: Source,
) -> None:
    first = visit()
    known = stamps(await tell_on(source, first))

    second = visit(known, memory=json.loads(json.dumps(first.memory)))
    told = await tell_on(source, second)

    assert [one for one in told if not isinstance(one, Unchanged)] == []
    assert second.tells_all is False or {one.origin for one in told} == set(known)
