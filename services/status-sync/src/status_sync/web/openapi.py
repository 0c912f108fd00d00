"""What FastAPI would say wrongly of our errors: they are problem documents, and a body is never refused with 422."""

from typing import Any

from fastapi import FastAPI

from case_shared.problems import MEDIA_TYPE


def install_openapi(app: FastAPI) -> None:
    """Correct `app`'s document."""
    generate = app.openapi

    def corrected() -> dict[str, Any]:
        document = generate()
        for operations in document["paths"].values():
            for operation in operations.values():
                _correct(operation["responses"])
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        return document

    app.openapi = corrected  # type: ignore[method-assign]


def _correct(responses: dict[str, Any]) -> None:
    responses.pop("422", None)
    for status, response in responses.items():
        if status >= "400" and "application/json" in response["content"]:
            response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
