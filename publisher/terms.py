"""The names by which articles are chosen: tags, sections, authors and languages.

Two spellings of one name are one term. The key of a term is part of addresses.
"""

from __future__ import annotations

import hashlib
import re

from slugify import slugify

_LENGTH = 60


def term_key(name: str) -> str:
    """Give what all spellings of a name have in common, as lower-case letters, digits, hyphens.

    Letter case, blanks, hyphens and underscores make no difference. Where other signs are lost
    (C++ is not C) a few digits of a digest tell the names apart.
    """
    plain = "-".join(re.split(r"[\s_-]+", name.casefold().strip()))
    readable: str = slugify(plain, max_length=_LENGTH, word_boundary=True)
    if readable and readable == plain:
        return readable
    digest = hashlib.sha256(plain.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest
