"""The API's own description: complete, true to the code, and readable."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from publisher.model import Scope
from publisher.web.api.article import Article
from publisher.web.api.operations import OPERATIONS

DOCUMENT = "/api/v1/openapi.json"
SIGN_UPS = "/api/v1/newsletters/{newsletter}/subscriptions"


@pytest.fixture
async def document(api: httpx.AsyncClient) -> dict[str, Any]:
    """The document as anybody gets it."""
    response = await api.get(DOCUMENT, headers={"Authorization": ""})
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def refs(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(refs, node.values()))
    return set().union(*map(refs, node)) if isinstance(node, list) else set()


async def test_document_names_every_request(document: dict[str, Any]) -> None:
    requests = {
        (path, method)
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }

    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "https://news.example.org"}]
    assert requests == {
        ("/api/v1/articles", "post"),
        ("/api/v1/articles/{guid}", "put"),
        ("/api/v1/articles/{guid}", "delete"),
        (SIGN_UPS, "post"),
        *((f"/api/v1{each.path}", each.method.lower()) for each in OPERATIONS),
    }
    assert len(requests) == len(OPERATIONS) + 4
    assert len({each.id for each in OPERATIONS}) == len(OPERATIONS)


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert refs(document) == known


async def test_every_field_and_parameter_is_described(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    fields = {
        f"{name}.{field}": about
        for name, schema in schemas.items()
        for field, about in schema.get("properties", {}).items()
        if name not in ("Details", "Fault", "Pushed")
    }
    parameters = {
        f"{path} {parameter['name']}": parameter
        for path, methods in document["paths"].items()
        for operation in [{"parameters": methods.get("parameters", [])}, *methods.values()]
        if isinstance(operation, dict)
        for parameter in operation.get("parameters", [])
    }

    assert schemas["Article"]["properties"].keys() == Article.model_fields.keys()
    described = fields | parameters
    assert [name for name, about in described.items() if not about.get("description")] == []
    assert "/api/v1/events kind" in parameters
    assert "/api/v1/issues/{id} id" in parameters


async def test_every_operation_names_its_token_and_scope(document: dict[str, Any]) -> None:
    kinds = document["components"]["securitySchemes"]

    assert document["paths"][SIGN_UPS]["post"]["security"] == []
    for path, methods in document["paths"].items():
        if path == SIGN_UPS:
            continue
        for operation in (each for name, each in methods.items() if name != "parameters"):
            ((kind, scopes),) = operation["security"][0].items()
            assert kind in kinds
            assert scopes == [] if "/articles" in path else scopes[0] in list(Scope)


async def test_document_knows_no_secret(api: httpx.AsyncClient, document: dict[str, Any]) -> None:
    token = api.headers["Authorization"].removeprefix("Bearer ")

    assert token not in str(document)


async def test_page_tells_people_the_same(api: httpx.AsyncClient, document: dict[str, Any]) -> None:
    response = await api.get("/api/v1/", headers={"Authorization": ""})

    assert response.status_code == 200
    assert "script" not in response.headers["Content-Security-Policy"]
    assert "<script" not in response.text
    for path, methods in document["paths"].items():
        for method in methods.keys() - {"parameters"}:
            assert f"{method.upper()} {path}</code>" in response.text
    for schema in document["components"]["schemas"].values():
        table = schema.get("anyOf", [schema])[0]
        for name in (*table.get("properties", ()), *table.get("enum", ())):
            assert f"<code>{name}</code>" in response.text
    led_to = set(re.findall(r'href="#([^"]+)"', response.text))
    assert led_to <= set(re.findall(r'id="([^"]+)"', response.text))
    assert "curl --fail-with-body https://news.example.org/api/v1/articles" in response.text
    assert DOCUMENT in response.text


async def test_example_of_the_page_is_good(api: httpx.AsyncClient) -> None:
    shown = (await api.get("/api/v1/")).text
    example = re.search(r"-d &#39;(.*?)&#39;", shown, re.DOTALL) or re.search(
        r"-d '(.*?)'", shown, re.DOTALL
    )
    assert example is not None
    body = example[1].replace("&#34;", '"').encode()

    response = await api.post(
        "/api/v1/articles", content=body, headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 201


async def test_head_is_get_without_the_body(api: httpx.AsyncClient) -> None:
    for path in (DOCUMENT, "/api/v1/", "/api/v1"):
        got, head = await api.get(path), await api.head(path)

        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == got.headers["Content-Length"]
