"""The OpenAPI description of the app: errors as problems on every route, and an example of every answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from lawsearch.schemas import Problem

#: What every route may answer besides what it documents itself, and routes that take a body.
COMMON = {
    "401": "Reading needs the token here",
    "421": "The request names another server",
    "422": "A parameter is missing or outside its vocabulary",
    "429": "Too much is being worked on; Retry-After says in how many seconds to ask again",
    "503": "No index has been built yet",
}
OF_BODIES = {"413": "The body is too long"}


def described(app: FastAPI) -> dict[str, Any]:
    """The description of ``app``, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        models = schema["components"]["schemas"]
        # FastAPI's own error model is replaced everywhere, for the routes answer with problems.
        for name in ("HTTPValidationError", "ValidationError"):
            models.pop(name, None)
        models.setdefault("Problem", Problem.model_json_schema(ref_template="#/components/schemas/{model}"))
        models["Problem"].pop("$defs", None)
        models["FieldError"] = _model_of_field_error()
        for operations in schema["paths"].values():
            for operation in operations.values():
                responses = operation["responses"]
                # FastAPI's description of 422 is that of its own error model.
                responses.pop("422", None)
                for status, meaning in (COMMON | (OF_BODIES if "requestBody" in operation else {})).items():
                    responses.setdefault(status, {"description": meaning})
                for status, response in responses.items():
                    if status >= "400":
                        ref = {"$ref": "#/components/schemas/Problem"}
                        example = models["Problem"]["example"]
                        response["content"] = {"application/problem+json": {"schema": ref, "example": example}}
                    else:
                        for media in response.get("content", {}).values():
                            media["example"] = _example(media["schema"], models)
        app.openapi_schema = schema
    return app.openapi_schema


def _model_of_field_error() -> dict[str, Any]:
    return Problem.model_json_schema()["$defs"]["FieldError"]


def _example(schema: dict[str, Any], models: dict[str, Any]) -> Any:
    """An example value of a schema, put together from those of its fields."""
    if "$ref" in schema:
        return _example(models[schema["$ref"].rsplit("/", 1)[-1]], models)
    for key in ("example", "examples"):
        if key in schema:
            return schema[key] if key == "example" else schema[key][0]
    if "properties" in schema:
        return {name: _example(field, models) for name, field in schema["properties"].items()}
    if "items" in schema:
        return [_example(schema["items"], models)]
    options: Sequence[dict[str, Any]] = schema.get("anyOf", ())
    return _example(options[0], models) if options else None
