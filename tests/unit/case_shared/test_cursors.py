"""Cursors work only where they were issued, and nobody can forge one."""

import base64

import orjson
import pytest

from case_shared.web.cursors import Cursors
from case_shared.web.problems import Problem

CURSORS = Cursors(b"k" * 32)


def test_a_cursor_is_read_by_every_replica() -> None:
    cursor = CURSORS.encode("audit", 7, "x", None)
    assert Cursors(b"k" * 32).decode(cursor, "audit") == [7, "x", None]
    assert CURSORS.decode(None, "audit", int) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "\u00e9",
        base64.urlsafe_b64encode(orjson.dumps([7])).decode(),
        CURSORS.encode("documents", 7),
        CURSORS.encode("audit", "7"),
        CURSORS.encode("audit", 7, 8),
        Cursors(b"x" * 32).encode("audit", 7),
        CURSORS.encode("audit", 7)[:-2] + "AA",
        "A" + CURSORS.encode("audit", 7)[1:],
        "A" * 2000,
    ],
)
def test_any_other_is_refused_with_the_way_out(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        CURSORS.decode(cursor, "audit", int)
    problem = refused.value
    assert (problem.status, problem.errors[0].pointer) == (422, "?cursor")
    assert "Start again" in problem.errors[0].detail
