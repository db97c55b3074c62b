"""Kinds of source, and providers, found by their names: no list of them is kept anywhere.

A module offers ``Settings``, a pydantic model of the keys that are its own, and ``make``, which
takes them. Paths among a source's settings are relative to the config file, and none of its keys
ends in ``_file``.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from pydantic import BaseModel

from publisher import sources


def find(kind: str, package: ModuleType = sources) -> ModuleType:
    """Import a kind's module. Raises ValueError with what is wrong with it."""
    name = kind if "." in kind else f"{package.__name__}.{kind}"
    try:
        module = importlib.import_module(name)
    except Exception as error:  # a module of somebody else's may raise anything
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{name}.".startswith(f"{missing}."):
            raise ValueError(f'there is no kind "{kind}"') from error
        raise ValueError(f"{name} cannot be imported: {error}") from error
    settings, make = getattr(module, "Settings", None), getattr(module, "make", None)
    if not (isinstance(settings, type) and issubclass(settings, BaseModel) and callable(make)):
        raise ValueError(f"{name} is not a kind: it has no Settings or no make")
    return module


def shipped(package: ModuleType = sources) -> dict[str, ModuleType]:
    """Give every kind that comes with the program, by name."""
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        try:
            found[module.name] = find(module.name, package)
        except ValueError:
            continue  # what several kinds share
    return found
