"""A mail's HTML cut where a page around it puts what it adds; every byte of the mail is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

# Mails hold whole tags for Outlook in comments: those count for nothing.
_COMMENT = r"<!--.*?-->"
_HEAD_END = re.compile(rf"{_COMMENT}|(?P<tag></head\s*>)", re.IGNORECASE | re.DOTALL)
_BODY = re.compile(
    rf"{_COMMENT}|(?P<tag><body(?=[\s>/])(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>)",
    re.IGNORECASE | re.DOTALL,
)
_BODY_END = re.compile(rf"{_COMMENT}|(?P<tag></body\s*>)", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(rf"{_COMMENT}|(?P<tag><title\b)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPage:
    """A mail in four pieces, to be printed in this order.

    ``head`` is everything up to the end of its head, ``start`` goes on to the end of the tag that
    opens its body, ``body`` is what stands within, ``end`` what is left.
    """

    head: Markup
    start: Markup
    body: Markup
    end: Markup

    @property
    def has_title(self) -> bool:
        """Whether the mail says itself what a browser's tab shows."""
        return _place(_TITLE, self.head) is not None

    @classmethod
    def cut(cls, html: str, language: str, direction: str) -> MailPage:
        """Cut a document; what has no head and body of its own gets them, in this language."""
        head_end = _place(_HEAD_END, html)
        body = _place(_BODY, html, head_end[1] if head_end else 0)
        if head_end is None or body is None:
            opening = f'<!DOCTYPE html>\n<html lang="{language}" dir="{direction}">\n<head>\n'
            pieces = (
                f'{opening}<meta charset="utf-8">\n',
                "</head>\n<body>",
                html,
                "</body></html>",
            )
        else:
            last = _place(_BODY_END, html, body[1]) or (len(html), len(html))
            pieces = (
                html[: head_end[0]],
                html[head_end[0] : body[1]],
                html[body[1] : last[0]],
                html[last[0] :],
            )
        # What was sent as a mail is printed as it is.
        head, start, inner, end = map(Markup, pieces)
        return cls(head=head, start=start, body=inner, end=end)


def _place(tag: re.Pattern[str], html: str, after: int = 0) -> tuple[int, int] | None:
    """Find where a tag stands that is in no comment."""
    found = (match.span("tag") for match in tag.finditer(html, after) if match["tag"])
    return next(found, None)
