"""The names by which articles are chosen: tags, sections, authors and languages.

Two spellings of one name are one term. The key of a term is part of addresses and file names.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

_LENGTH = 60


def term_key(name: str) -> str:
    """Give what all spellings of a name have in common, as letters, digits and hyphens.

    Letter case, blanks, hyphens and underscores make no difference; letters are those of any
    script. Where other signs are lost (C++ is not C) a few digits of a digest tell names apart.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    plain = "-".join(re.split(r"[\s_-]+", folded.strip()))
    readable = "".join(sign for sign in plain if sign == "-" or _is_of_a_word(sign))
    readable = re.sub(r"-{2,}", "-", readable)[:_LENGTH].strip("-")
    if readable and readable == plain:
        return readable
    digest = hashlib.sha256(plain.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest


def _is_of_a_word(sign: str) -> bool:
    """Say whether it is a letter, a number, or a mark that letters of some scripts carry."""
    return unicodedata.category(sign)[0] in "LNM"
