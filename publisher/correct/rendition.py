"""What a correction says: the editor's note under the subject of the mail that it corrects."""

from __future__ import annotations

import hashlib
from datetime import datetime

from markupsafe import Markup

from publisher.content.mailable import Words, listed, mailable
from publisher.content.markdown import markdown_to_html
from publisher.content.plain import plain_text
from publisher.content.sanitise import sanitise
from publisher.mail.slots import Slot, marker
from publisher.model import Issue, Newsletter, Publication, Rendition
from publisher.render import IssueView, PartView, RecipientView, Templates
from publisher.render.filters import excerpt
from publisher.renditions import issue_url

_PREHEADER_COLUMNS = 140
_MARGIN = 40  # pixels, as in email/mail.css


def correction_of(
    templates: Templates,
    *,
    publication: Publication,
    newsletter: Newsletter,
    issue: Issue,
    carrier: int,
    language: str,
    subject: str,
    note: str,
    now: datetime,
) -> Rendition:
    """Render it for everybody who has an issue under this subject. Raises TemplateError.

    ``carrier`` is the issue that it goes out as. It has no articles, so that nobody counts as told
    of any by it.
    """
    spoken = templates.translated(language)
    html = sanitise(markdown_to_html(note), publication.base_url)
    text = plain_text(html)
    shown, links = mailable(
        html,
        width=newsletter.theme.width - 2 * _MARGIN,
        words=Words(
            video=spoken.gettext("Watch the video"),
            audio=spoken.gettext("Listen to the recording"),
        ),
    )
    context: dict[str, object] = {
        "publication": publication,
        "language": language,
        "newsletter": newsletter,
        "issue": IssueView.of(issue, newsletter, url=issue_url(publication, issue)),
        "note": Markup(shown),  # noqa: S704 - sanitised
        "note_text": listed(text, links),
        "parts": [
            PartView(title=newsletter.title, slug=newsletter.slug, groups=(), articles=(), more=0)
        ],
        "subject": spoken.gettext("Correction: %(subject)s") % {"subject": subject},
        "preheader": excerpt(text, _PREHEADER_COLUMNS),
        "recipient": RecipientView(name=marker(Slot.NAME), address=marker(Slot.ADDRESS)),
        "unsubscribe_url": marker(Slot.UNSUBSCRIBE_URL),
        "preferences_url": marker(Slot.PREFERENCES_URL),
        "browser_url": "",
    }
    return Rendition(
        id=0,
        newsletter=newsletter.slug,
        issue=carrier,
        key=hashlib.sha256(repr((language, subject)).encode()).hexdigest(),
        language=language,
        subject=str(context["subject"]),
        html=templates.mail("email/correction", **context),
        text=templates.text("email/correction.txt", **context),
        parts=(),
        created=now,
    )
