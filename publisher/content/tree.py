"""HTML read into an lxml tree, with a bound on how deeply it may be nested.

The only module that parses HTML for reading; `sanitise` lets nh3 parse once more for safety.
"""

from __future__ import annotations

import re
import sys
from html import escape
from typing import TypeAlias

from lxml import html as lxml_html  # type: ignore[import-untyped]
from lxml.etree import ParserError  # type: ignore[import-untyped]

from publisher.content.characters import clean_characters

Element: TypeAlias = lxml_html.HtmlElement

# libxml2 drops what stands behind these; browsers count it to the body (HTML §13.2.6.4.22).
_LAST_ENDS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)

_REFERENCE = re.compile(r"&#(?:x0*(?P<hex>[0-9a-f]{1,6})|0*(?P<decimal>[0-9]{1,7}));?", re.I)


def parse(text: str, *, is_fragment: bool) -> Element:
    """Read HTML into its <html> element; of a fragment, all of it stands in the <body>.

    Raises ValueError with a sentence when it is nested too deeply or holds nothing. libxml2
    stops at 256 levels and silently drops the rest, while html5ever's time grows with the
    square of the depth (18 s at 100,000), so neither may be left to decide.
    """
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    # Bytes, since lxml refuses a str that begins with an XML encoding declaration.
    text = _REFERENCE.sub(_allowed, clean_characters(text))
    content = _LAST_ENDS.sub("", text).encode()
    if is_fragment:
        content = b"<html><body>" + content
    try:
        root = lxml_html.document_fromstring(content, parser=parser)
    except ParserError as error:
        raise ValueError("the HTML holds no text") from error
    for entry in parser.error_log:
        if entry.type_name == "ERR_RESOURCE_LIMIT":
            if "depth" in entry.message:
                raise ValueError("the HTML is nested more than 250 levels deep")
            raise ValueError("the HTML holds a single text or attribute of more than 10 MB")
    return root


def inner_html(element: Element) -> str:
    """Write what stands inside an element, text and tags, as HTML."""
    # lxml has no inner serialisation: text in front, then each child with its tail.
    parts = [escape(element.text or "", quote=False)]
    parts += [lxml_html.tostring(child, encoding="unicode") for child in element]
    return "".join(parts)


def _allowed(reference: re.Match[str]) -> str:
    """Remove a reference to a forbidden character: lxml would refuse to move such text."""
    code = int(reference["hex"] or reference["decimal"], 16 if reference["hex"] else 10)
    return reference[0] if code > sys.maxunicode or clean_characters(chr(code)) else ""
