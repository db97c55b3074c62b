"""A kind of source, as somebody else may write one, that fails in a way nobody foresaw."""

from __future__ import annotations

from publisher.model import Publication, SourceArticle
from publisher.ports import Telling, Visit
from tests.rig.kinds.hanging import Settings

__all__ = ["Settings", "make"]


def make(name: str, settings: Settings, publication: Publication) -> Raising:
    return Raising(name)


class Raising:
    def __init__(self, name: str) -> None:
        self.name = name

    async def articles(self, visit: Visit) -> Telling:
        raise KeyError("nobody foresaw this")
        yield SourceArticle(guid="", origin="", stamp="", title="", html="")
