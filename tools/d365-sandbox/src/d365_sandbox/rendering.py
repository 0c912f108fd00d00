"""An answer as headers and bytes, both for a response of its own and for a part of a batch."""

import json

from d365_sandbox.odata_errors import Answer

ODATA_JSON = "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8"


def render(answer: Answer) -> tuple[dict[str, str], bytes]:
    """The headers and the body of an answer."""
    headers = {"OData-Version": "4.0", **answer.headers}
    if answer.body is not None:
        return {"Content-Type": ODATA_JSON, **headers}, json.dumps(answer.body).encode()
    if answer.text:
        own = answer.content_type
        headers["Content-Type"] = own if ";" in own else f"{own}; charset=utf-8"
    return headers, answer.text.encode()
