"""Moving a mail's CSS onto its elements, for mail programs that drop style sheets."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from css_inline import CSSInliner

_log = structlog.get_logger(__name__)


def inline(html: str) -> str:
    """Copy the rules of the page's style sheets into style attributes.

    Gives the HTML back as it was when that fails: a plainer mail is better than none.
    """
    try:
        return _inliner().inline(html)
    except ValueError as error:  # InlineError is one, and so is text that UTF-8 cannot hold
        _log.warning("css not inlined", reason=str(error))
        return html


@cache
def _inliner() -> CSSInliner:
    """Load what does it when something is rendered: most processes only send."""
    from css_inline import CSSInliner

    # The sheet stays too: media queries (dark mode, narrow screens) have no inline form. Nothing
    # is ever fetched, so that composing cannot hang on, or tell anything to, somebody's server.
    return CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
