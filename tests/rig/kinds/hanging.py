"""A kind of source whose passes never end."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict

from publisher.model import Publication, SourceArticle
from publisher.ports import Telling, Visit


class Settings(BaseModel):
    """It has no keys of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def make(name: str, settings: Settings, publication: Publication) -> Hanging:
    return Hanging(name)


class Hanging:
    def __init__(self, name: str) -> None:
        self.name = name

    async def articles(self, visit: Visit) -> Telling:
        await asyncio.Event().wait()
        yield SourceArticle(guid="", origin="", stamp="", title="", html="")
