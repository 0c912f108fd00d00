"""Records that no service could read: the list, and one with its bytes."""

import base64

from fastapi import APIRouter, Request, Response

from portal_web.web.console.access import Operator, given
from portal_web.web.console.documents import address
from portal_web.web.console.pages import go, show
from portal_web.web.current_user import Posted

router = APIRouter(prefix="/console/unreadable")
_SHOWN_BYTES = 2048
_ROW = 16


@router.get("")
async def records(request: Request, console: Operator) -> Response:
    """The list: records that nobody has looked at, unless the address says otherwise."""
    filters = given(request, ("topic", "seen"))
    seen = filters.get("seen", "false")
    query = {"topic": filters.get("topic"), "seen": None if seen == "any" else seen}
    page = await console.api.records(**query, cursor=request.query_params.get("cursor"))
    following = address("/console/unreadable", {**filters, "cursor": page.next}) if page.next else None
    return await show(
        request, console, "records", page=page, following=following, seen=seen, topic=filters.get("topic", "")
    )


@router.get("/{record}")
async def record(request: Request, console: Operator, record: str) -> Response:
    """One of them: as text, as bytes, with its headers."""
    found = await console.api.record(record)
    value = base64.b64decode(found.value_base64) if found.value_base64 else b""
    return await show(
        request, console, "record", record=found, dump=dump(value[:_SHOWN_BYTES]), cut=len(value) > _SHOWN_BYTES,
        headers=[header_of(one) for one in found.headers],
    )  # fmt: skip


@router.post("/{record}/seen")
async def seen(request: Request, console: Operator, record: str, fields: Posted) -> Response:
    """Mark it as seen: it no longer needs attention."""
    await console.api.see_record(record, fields.get("reason", "").strip() or "seen in the console")
    return await go(request, f"/console/unreadable/{record}")


def dump(value: bytes) -> str:
    """A hex dump: offset, hexadecimal, and printable characters."""
    lines = []
    for place in range(0, len(value), _ROW):
        part = value[place : place + _ROW]
        printed = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{place:06x}  {part.hex(' '):<{_ROW * 3 - 1}}  {printed}")
    return "\n".join(lines)


def header_of(header: object) -> tuple[str, str]:
    """A header's name and its value as text; the API sends values, and names that are not text, as hex digits."""
    if not isinstance(header, list) or len(header) not in (2, 3):
        return str(header), ""
    name = " = ".join(map(str, [header[0], *header[2:]]))
    try:
        return name, bytes.fromhex(header[1] or "").decode(errors="replace")
    except (TypeError, ValueError):
        return name, str(header[1])
