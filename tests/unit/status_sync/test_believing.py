"""Lists are read whole, and the loop that reads them shows that it goes on."""

from collections.abc import AsyncIterator

from status_sync.app.believing import believable, whole


async def test_each_page_counts_as_progress() -> None:
    """A registry of many pages takes longer than a loop may be silent."""

    async def pages() -> AsyncIterator[tuple[int, ...]]:
        for page in ((1, 2), (3,), ()):
            yield page

    beats: list[None] = []
    assert await whole(pages(), lambda: beats.append(None)) == [1, 2, 3]
    assert len(beats) == 3


def test_an_empty_list_is_not_believed() -> None:
    assert believable("customers", ["one"])
    assert not believable("customers", [])
