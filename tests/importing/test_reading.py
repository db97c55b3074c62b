"""Reading a list while what was read before is taken in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from publisher.importing.reading import ahead


class Rows:
    """Gives numbers; knows how many of them were wanted, and whether anybody wants more."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.given = 0

    def __iter__(self) -> Iterator[int]:
        for number in range(self.count):
            self.given += 1
            yield number


@pytest.mark.parametrize("count", [0, 1, 249, 250, 251, 500, 730])
async def test_everything_is_given_once_and_in_order(count: int) -> None:
    found = [each async for each in ahead(iter(range(count)), 250)]

    assert list(range(count)) == [number for each in found for number in each]
    assert all(len(each) == 250 for each in found[:-1])


async def test_next_rows_are_read_while_the_last_are_taken_in_and_none_beyond() -> None:
    rows = Rows(10_000)
    async with aclosing(ahead(iter(rows), 1000)) as batches:
        async for _ in batches:
            before = rows.given
            async with asyncio.timeout(30):  # as a statement, for which somebody waits
                while rows.given < 2000:  # noqa: ASYNC110 -- nothing tells of a row
                    await asyncio.sleep(0.001)
            await asyncio.sleep(0.02)
            break

        assert (1000, 2000) == (before, rows.given)


async def test_what_fails_fails_behind_what_was_read_before() -> None:
    def rows() -> Iterator[int]:
        yield from range(300)
        raise ValueError("broken")

    batches = ahead(rows(), 100)

    assert [100, 100, 100] == [len(await anext(batches)) for _ in range(3)]
    with pytest.raises(ValueError, match="broken"):
        await anext(batches)
