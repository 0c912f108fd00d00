# ruff: noqa: ASYNC109 - the caller's time-out is passed down
"""Writes failures into D365's own document queue, where D365's staff look for them."""

import orjson

from case_shared.d365.errors import D365Misconfigured
from case_shared.d365.mapping import DocumentQueueFields
from case_shared.d365.models import DocumentFailure
from case_shared.d365.odata import string_literal
from case_shared.d365.reading import EntitySets


async def write_failure(
    sets: EntitySets, entity_set: str, fields: DocumentQueueFields, failure: DocumentFailure, *, timeout: float
) -> None:
    """Change the document's row, or create it: a repeat changes the same row.

    `timeout` is in seconds, for each request. Raises: D365Error.
    """
    key = {fields.data_area_id: failure.data_area_id, fields.document_id: failure.document_id}
    values = {theirs: getattr(failure, ours) for ours, theirs in fields.by_ours().items()}
    changes = {name: value for name, value in values.items() if name not in key}
    predicate = ",".join(f"{name}={string_literal(value)}" for name, value in key.items())

    async def call(method: str, resource: str, body: dict[str, object]) -> None:
        url = sets.url(resource)
        ids = {"casebridge.document_id": failure.document_id}
        await sets.call("log failure", method, url, timeout=timeout, body=orjson.dumps(body), ids=ids)

    try:
        await call("PATCH", f"{entity_set}({predicate})", changes)
    except D365Misconfigured as error:
        if error.status != 404:
            raise
        await call("POST", entity_set, values)
