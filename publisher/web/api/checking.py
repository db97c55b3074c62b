"""Checking what a program sent against a model: everything that is wrong with it, at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError

from publisher.web.api.problem import Fault, Problem

_MOST_FAULTS = 100

M = TypeVar("M", bound=BaseModel)


class Given(BaseModel):
    """What a program sends: it says nothing that is not known here."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )


class Told(BaseModel):
    """What a program is answered."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


def read_body(
    model: type[M], found: Any, refusal: str, context: Mapping[str, Any] | None = None
) -> M:
    """Make a model of a body. Raises Problem, which begins with the sentence ``refusal``."""
    try:
        return model.model_validate(found, context=context)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)[:_MOST_FAULTS]
        raise Problem(422, refusal, faults=[*map(_fault, faults)]) from None


def read_query(model: type[M], found: Mapping[str, list[str]]) -> M:
    """Make a model of the parameters of a URL. Raises Problem."""
    several = {name for name, field in model.model_fields.items() if field.default == ()}
    once = {
        name: values if name in several or len(values) > 1 else values[0]
        for name, values in found.items()
    }
    try:
        return model.model_validate(once)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise Problem(400, f"The parameter {fault['loc'][0]} {_said(fault)}.") from None


def _fault(found: Mapping[str, Any]) -> Fault:
    # RFC 6901 §3 and §6: a pointer as the fragment of a URI.
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in found["loc"])
    return Fault(
        pointer="#" + "".join(f"/{quote(step, safe='~')}" for step in steps), detail=_said(found)
    )


def _said(found: Mapping[str, Any]) -> str:
    """Say what is wrong, to follow the name of what it is wrong with."""
    match found["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is no field of this API"
        case "value_error":
            return str(found["ctx"]["error"])
        case "model_type":
            return "is no object"
    said: str = found["msg"]
    return said
