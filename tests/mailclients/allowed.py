"""What mails use although a mail program lacks it, and why they are whole without it.

Reviewed by a person, entry by entry. One that no mail needs any more fails the test.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowed:
    """``lacking`` are the programs that have nothing of it; any may have it in part.

    ``reason`` says why the layout depends neither on the whole of it nor on what parts lack.
    """

    reason: str
    lacking: frozenset[str] = frozenset()


def _allowed(reason: str, *lacking: str) -> Allowed:
    return Allowed(reason, frozenset(lacking))


_GMAIL_APPS = ("gmail.desktop-webmail", "gmail.ios", "gmail.android")
_SHEET = (
    "Rules stand on their elements as well (css-inline); the sheet is for media queries and dark "
    "colours alone, and those without it get the wide, light mail"
)

ALLOWED = {
    # What is around the mail.
    "<body> element": _allowed(
        "The outermost table has the ground, the language and the direction once more",
        "outlook.macos",
    ),
    "<style> element": _allowed(_SHEET, "gmail.mobile-webmail"),
    # What only the sheet needs.
    "Class selector": _allowed(_SHEET, "gmail.mobile-webmail"),
    "Type selector": _allowed(_SHEET, "gmail.mobile-webmail"),
    "Descendant combinator": _allowed(_SHEET, "gmail.mobile-webmail"),
    "Chaining selectors": _allowed(
        f"{_SHEET}; no rule chains classes: what is meant are lists of them",
        "gmail.mobile-webmail",
        "outlook.windows",
        "outlook.web",
    ),
    "Attribute selector": _allowed(
        "Only for [data-ogsc], by which some Outlooks mark what they have darkened: who does not "
        "know the selector does not set the mark",
        "gmail.mobile-webmail",
        "outlook.windows",
    ),
    "@media": _allowed(
        "Narrow screens get smaller margins and titles, dark ones other colours. The table is "
        "fluid without, and dark programs that know no query turn the light colours by themselves",
        "gmail.mobile-webmail",
        "outlook.windows",
    ),
    "!important keyword": _allowed("Only within media queries, never on an element"),
    # Decoration, or a refinement: without it a mail is plainer and as readable.
    "border-radius": _allowed("The corners of a button are square", "outlook.windows"),
    "text-wrap": _allowed(
        "Lines of a title are of unequal length",
        *_GMAIL_APPS,
        "gmail.mobile-webmail",
        "outlook.windows",
        "outlook.web",
        "outlook.macos",
        "outlook.ios",
        "outlook.android",
    ),
    "line-height": _allowed("Lines are a little closer or wider; nothing has a fixed height"),
    "font-weight": _allowed("Only 600 and 700, which are bold there"),
    "border": _allowed(
        "Lines are 1 to 4 pixels; those that part stories are on cells, others are decoration"
    ),
    # Of these only the part is used that all have.
    "background": _allowed("Only background-color, with the whole name of the property"),
    "font-size": _allowed("Only pixels"),
    "margin": _allowed("Only positive ones, in pixels; what parts stories is the padding of cells"),
    "padding": _allowed(
        "What keeps stories apart is on cells; elsewhere it makes what is pressed larger, and "
        "Outlook has mso-padding-alt for the button"
    ),
    "text-align": _allowed("Never start or end; cells have the attribute align"),
    "text-decoration": _allowed("Only underline and none"),
    "align attribute": _allowed("Only on cells"),
    "dir attribute": _allowed("Never on a link"),
    "direction": _allowed("Only for program text in an article, which is aligned left as well"),
    "white-space": _allowed(
        "Only for program text in an article, which is then in one piece", "outlook.windows"
    ),
    # Widths. Outlook gets a table of a fixed width in a comment that only it reads.
    "max-width": _allowed("Outlook reads the width of a table that is there for it alone"),
    "width property": _allowed("Pictures have the attribute as well"),
    "width attribute": _allowed(
        "Pictures have theirs in pixels, and the mail tells Outlook to take 96 for an inch"
    ),
    "height property": _allowed("Only auto: a picture keeps its proportions"),
    "display": _allowed("Only on what is as good within a line: buttons, links, pictures"),
    "table-layout": _allowed(
        "Keeps a word without end from widening the table, which Outlook breaks by itself",
        "outlook.windows",
    ),
    "overflow-wrap": _allowed(
        "word-break says the same to those who lack it, and Outlook breaks by itself",
        *_GMAIL_APPS,
        "outlook.windows",
        "outlook.web",
        "outlook.ios",
        "outlook.android",
    ),
    "word-break": _allowed("Breaks a word without end, and no other one"),
    # The preheader, which is hidden in several ways at once, one for each program.
    "display:none": _allowed(
        "The preheader has no height, no size and the colour of its ground besides",
        "gmail.mobile-webmail",
    ),
    "opacity": _allowed(
        "The preheader is hidden by other means besides", "gmail.mobile-webmail", "outlook.windows"
    ),
    "overflow": _allowed(
        "The preheader is hidden from Outlook by mso-hide; a wide table is wide there",
        "outlook.windows",
    ),
}
