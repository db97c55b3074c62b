"""Texts as they are told become texts that every database can hold."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from publisher.content.characters import clean_characters
from publisher.model import Enclosure, Person, Rejection, SourceArticle


def legible(told: Any) -> Any:
    """Make every text in what was told one that a database can hold.

    A file's name may hold any octet, and a NUL ends a text on PostgreSQL.
    """
    match told:
        case str():
            return clean_characters(told.encode("utf-8", "backslashreplace").decode())
        case tuple():
            return tuple(map(legible, told))
        case SourceArticle() | Rejection() | Person() | Enclosure():
            texts = {field.name: legible(getattr(told, field.name)) for field in fields(told)}
            return replace(told, **texts)
        case _:
            return told
