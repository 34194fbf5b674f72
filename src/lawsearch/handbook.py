"""The HTTP API as a handbook in Markdown, written from its OpenAPI description: docs/api.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lawsearch.openapi import COMMON, OF_BODIES

HEAD = """# The HTTP API, field by field

Written by `lawsearch api --markdown` from the description that a server gives at `/api/openapi.json`. How it is used:
[http-api.md](http-api.md).

Errors are `application/problem+json` ([Problem](#problem)). Every route may answer these:
"""


def markdown(description: dict[str, Any]) -> str:
    """The handbook of an OpenAPI description: its routes by tag, then its models by name."""
    lines = [HEAD, "| Status | Means |", "| --- | --- |"]
    lines += [f"| {status} | {meaning} |" for status, meaning in COMMON.items()]
    lines += [f"| {status} | {meaning} (routes that take one) |" for status, meaning in OF_BODIES.items()]
    operations = [
        (method.upper(), path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    for tag in dict.fromkeys(operation["tags"][0] for _, _, operation in operations):
        lines += ["", f"## {tag.capitalize()}"]
        for method, path, operation in operations:
            if operation["tags"][0] == tag:
                lines += _operation(method, path, operation)
    lines += ["", "## Models"]
    for name, model in sorted(description["components"]["schemas"].items()):
        lines += _model(name, model)
    return "\n".join(lines) + "\n"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"### {method} {path}", "", " ".join(operation["description"].split()))
    parameters = operation.get("parameters", ())
    if parameters:
        yield from ("", "| Parameter | In | Type | Default | Means |", "| --- | --- | --- | --- | --- |")
    for p in parameters:
        default = "required" if p.get("required") else _default(p["schema"])
        yield f"| `{p['name']}` | {p['in']} | {_type(p['schema'])} | {default} | {_cell(p['description'])} |"
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        yield from ("", f"Body: {_type(media['schema'])}, `{kind}`.")
    answers = []
    for status, response in operation["responses"].items():
        if status < "400":
            ((kind, media),) = response["content"].items()
            answers.append(f"{status} {_type(media['schema'])}, `{kind}`")
        elif status not in COMMON | OF_BODIES:
            answers.append(f"{status} {response['description']}")
    yield from ("", f"Answers: {'; '.join(answers)}.")


def _model(name: str, model: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"### {name}", "")
    if "description" in model:
        yield from (" ".join(model["description"].split()), "")
    yield from ("| Field | Type | Means |", "| --- | --- | --- |")
    for field, schema in model.get("properties", {}).items():
        yield f"| `{field}` | {_type(schema)} | {_cell(schema.get('description', ''))} |"


def _type(schema: dict[str, Any]) -> str:
    """The type in words, models as links."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" if value else "nothing" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _default(schema: dict[str, Any]) -> str:
    return f"`{schema['default']}`" if schema.get("default") not in (None, "", []) else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
