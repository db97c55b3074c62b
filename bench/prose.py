"""Text for benches that packs as prose does: some words are much more frequent than others."""

from __future__ import annotations

import random

_VOCABULARY = 4000
_A_PARAGRAPH = 80


def paragraphs(number: int, words: int) -> list[str]:
    """Give the paragraphs of a text; the same number gives the same one."""
    spelling = random.Random(0)  # noqa: S311 -- for prose it will do
    vocabulary = [
        "".join(spelling.choices("etaoinshrdlu", k=spelling.randint(2, 9)))
        for _ in range(_VOCABULARY)
    ]
    weights = [1 / (rank + 2) for rank in range(_VOCABULARY)]
    text = random.Random(number).choices(vocabulary, weights, k=words)  # noqa: S311
    return [" ".join(text[start : start + _A_PARAGRAPH]) for start in range(0, words, _A_PARAGRAPH)]
