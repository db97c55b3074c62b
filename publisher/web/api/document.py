"""What the API is, as an OpenAPI 3.1 document: the fields come from the models themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

from pydantic import TypeAdapter

from publisher.model import Publication
from publisher.sources.push import Pushed
from publisher.web.api.article import Article
from publisher.web.api.handing import articles
from publisher.web.api.operation import Operation
from publisher.web.api.operations import OPERATIONS
from publisher.web.api.parts import ONCE, REFUSED, ROOT, ref, refusals
from publisher.web.api.problem import Details
from publisher.web.api.signup import SignedUp, SigningUp
from publisher.web.proof import PATH

SIGN_UPS = f"{ROOT}/newsletters/{{newsletter}}/subscriptions"

_Models = list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]]

_PUSHING: _Models = [
    ("Article", "validation", TypeAdapter(Article)),
    ("Pushed", "serialization", TypeAdapter(Pushed)),
]
_OF_EVERYBODY: _Models = [
    ("Details", "serialization", TypeAdapter(Details)),
    ("SigningUp", "validation", TypeAdapter(SigningUp)),
    ("SignedUp", "serialization", TypeAdapter(SignedUp)),
]
# What an operation with a token of its own may be answered besides; what each says of itself wins.
_OF_ALL = {
    400: "A parameter is not understood, or the body is no JSON.",
    401: REFUSED[401],
    403: "The token is not for this: it has not the scope.",
    429: "The token asks too often; try again after Retry-After seconds.",
    503: REFUSED[503],
}
_OF_BODIES = {
    413: "The body is larger than 64 KB.",
    415: REFUSED[415],
    422: "The body asks for what cannot be had: errors names every field that is wrong.",
}
# What the answers mean that need not be told of each.
ANSWERS = dict(sorted((_OF_ALL | _OF_BODIES).items()))
_IN_PATHS = {
    "address": "An address, percent-encoded.",
    "newsletter": "The slug of a newsletter.",
    "id": "The id of an issue.",
    "name": "The name of a webhook.",
}


@lru_cache(maxsize=8)
def openapi(
    publication: Publication, *, has_pushing: bool, has_proof: bool = False
) -> dict[str, Any]:
    """Make the document, once: nobody changes it.

    Only where sources take pushes can articles be handed over. ``has_proof`` says that whoever
    signs up brings a proof of work.
    """
    paths = articles() if has_pushing else {}
    for operation in OPERATIONS:
        path = paths.setdefault(ROOT + operation.path, _with_parameters(operation.path))
        path[operation.method.lower()] = _described(operation)
    paths[SIGN_UPS] = _with_parameters(SIGN_UPS) | {"post": _signing_up(has_proof=has_proof)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{publication.title}: the API",
            "version": "1",
            "description": "What the command line does, for programs: people and their"
            " subscriptions, issues, and what has happened. `publisher tokens add` makes the token"
            " that a program shows, with the scopes that it needs.",
        },
        "servers": [{"url": publication.base_url}],
        "paths": paths,
        "components": {
            "schemas": _schemas(has_pushing=has_pushing),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token that `publisher tokens add` has made.",
                },
                "source": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of a source of the kind push.",
                },
            },
        },
    }


def _signing_up(*, has_proof: bool) -> dict[str, Any]:
    proof = (
        f" Besides it asks for a proof of work (ALTCHA): GET {PATH}, which is open to pages of"
        " anybody as well, gives a challenge, and its solution comes as altcha."
    )
    body = ref("SigningUp")
    required = {"allOf": [body, {"required": ["altcha"]}]}
    meanings = _OF_BODIES | {
        400: "The body is no JSON.",
        404: "There is no such newsletter, or it is not open to everybody.",
        429: "Too many sign-ups come from this network; try again after Retry-After seconds.",
        503: "Too many sign-ups come at the moment; try again after Retry-After seconds.",
    }
    return {
        "operationId": "signUp",
        "summary": "Sign somebody up",
        "description": "What the form on the newsletter's page does, for programs and for pages of"
        " anybody (CORS): a mail asks the person to confirm it. It needs no token, and the answer"
        f" is the same whoever the address belongs to.{proof if has_proof else ''}",
        "security": [],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": required if has_proof else body}},
        },
        "responses": {
            "202": {
                "description": "It is taken in, whether or not a mail is needed.",
                "content": {"application/json": {"schema": ref("SignedUp")}},
            },
            **refusals(meanings, *sorted(meanings)),
        },
    }


def _with_parameters(path: str) -> dict[str, Any]:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _IN_PATHS[name],
            "schema": {"type": "string"},
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    return {"parameters": parameters} if parameters else {}


def _described(operation: Operation) -> dict[str, Any]:
    """Describe an operation as the document has it."""
    is_once = operation.method == "POST" and operation.file is None
    parameters = [*_in_query(operation), *([ONCE] if is_once else [])]
    meanings = _OF_ALL | _of_body(operation) | dict(operation.refusals)
    if is_once:
        meanings.setdefault(409, REFUSED[409])
    made: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
        "security": [{"token": [operation.scope]}],
    }
    if parameters:
        made["parameters"] = parameters
    if operation.body is not None:
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": ref(operation.body.__name__)}},
        }
    if operation.file is not None:
        # OpenAPI 3.1 §4.8.14.3: of a whole file the media type says all there is to say.
        made["requestBody"] = {"required": True, "content": {operation.file.media_type: {}}}
    if operation.streams:
        files: dict[str, Any] = {media_type: {} for media_type in operation.streams}
        made["responses"] = {"200": {"description": "A file:", "content": files}}
    elif operation.gives is None:
        made["responses"] = {"204": {"description": "It is done."}}
    else:
        content = {"application/json": {"schema": ref(operation.gives.__name__)}}
        made["responses"] = {"200": {"description": "This is there now:", "content": content}}
    made["responses"] |= refusals(meanings, *sorted(meanings))
    return made


def _of_body(operation: Operation) -> dict[int, str]:
    file = operation.file
    if file is not None:
        return {
            413: f"The body is larger than {file.limit}. {file.beyond}",
            415: f"The body does not say that it is {file.media_type}.",
            422: "The body cannot be read: detail says what is wrong with it.",
        }
    return _OF_BODIES if operation.body else {}


def _in_query(operation: Operation) -> Iterator[dict[str, Any]]:
    schema = operation.query.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, field in schema["properties"].items():
        about = {key: value for key, value in field.items() if key != "description"}
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": field["description"],
            "schema": about,
        }


def _schemas(*, has_pushing: bool) -> dict[str, Any]:
    models = [*_OF_EVERYBODY, *(_PUSHING if has_pushing else [])]
    for operation in OPERATIONS:
        # Its parameters are described with it; what they refer to is made here.
        models.append((operation.query.__name__, "validation", TypeAdapter(operation.query)))
        if operation.body is not None:
            models.append((operation.body.__name__, "validation", TypeAdapter(operation.body)))
        if operation.gives is not None:
            models.append((operation.gives.__name__, "serialization", TypeAdapter(operation.gives)))
    _, made = TypeAdapter.json_schemas(models, ref_template="#/components/schemas/{model}")
    schemas: dict[str, Any] = made["$defs"]
    for operation in OPERATIONS:
        schemas.pop(operation.query.__name__, None)
    for schema in schemas.values():
        if "enum" in schema:
            schema.pop("description", None)  # which is for those who change the program
    if has_pushing:
        schemas["Article"].pop("required")  # of a guid that may stand in the path instead
    return schemas
