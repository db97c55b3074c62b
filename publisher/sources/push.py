"""Articles that somebody hands over, one at a time, instead of being asked for them.

They come by `publisher.app.sources`, which makes a pass over a source of that one article under
this source's name. When it is asked like any other, the source has nothing to tell, and whatever
was pushed stays as it is.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from publisher.model import Publication, SourceArticle
from publisher.ports import Source, Telling, Visit

_LEAST_CHARACTERS = 20
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1


def _token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value()
    if len(token) < _LEAST_CHARACTERS:
        raise ValueError(f"is too short; write at least {_LEAST_CHARACTERS} random characters")
    if not _TOKEN.fullmatch(token):
        raise ValueError("cannot be sent in a header; write letters, digits and - . _ ~ + / only")
    return value


class Settings(BaseModel):
    """The keys of a source with kind = "push"."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: Annotated[SecretStr, AfterValidator(_token)] = Field(
        description="What a program must show to hand articles over, of 20 characters or more"
        " (`openssl rand -hex 32` makes one); write token_file to name a file that holds it."
        " Each source needs one of its own."
    )


def make(name: str, _settings: Settings, _publication: Publication) -> Source:
    """Make the source of one [[sources]] entry."""
    return PushSource(name)


class PushSource:
    """Tells what was just handed over: nothing, when nobody did."""

    def __init__(self, name: str, *pushed: SourceArticle) -> None:
        self.name = name
        self._pushed = pushed

    async def articles(self, visit: Visit) -> Telling:
        """Tell it; see `publisher.ports.Source`."""
        visit.is_increment = True
        for article in self._pushed:
            yield article


class PushState(enum.StrEnum):
    """What a push has made of an article. A new one is new to its source, not always to us."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A pushed article that was taken in; ``url`` is its page's."""

    guid: str
    slug: str
    url: str
    state: PushState
