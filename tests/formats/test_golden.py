"""Golden feeds, byte by byte; ``python -m tests.formats.golden`` writes them anew."""

from __future__ import annotations

import pytest

from publisher.model import Format
from tests.formats import golden, reading


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize("case", golden.CASES)
def test_golden_feed_is_rendered_byte_by_byte(case: str, format: Format) -> None:
    body = golden.render(case, format)

    assert golden.expected(case, format).read_bytes() == body


@pytest.mark.parametrize("case", golden.CASES)
def test_golden_feeds_say_the_same_in_every_format(case: str) -> None:
    read = [reading.items(format, golden.render(case, format)) for format in Format]

    assert [read[0]] * len(read) == read
