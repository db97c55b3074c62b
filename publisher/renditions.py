"""What a mail says, from a template: the rendition of a digest, and that of a confirmation.

Both hold slots where a recipient's own values go; `publisher.deliver` fills them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from publisher.mail.slots import Slot, marker
from publisher.model import Article, Issue, Newsletter, Publication, Rendition
from publisher.render import ArticleView, IssueView, RecipientView, Templates, inline
from publisher.render.filters import excerpt

_PREHEADER_COLUMNS = 140


def digest(
    templates: Templates,
    *,
    publication: Publication,
    newsletter: Newsletter,
    issue: Issue,
    articles: Sequence[Article],
    now: datetime,
) -> Rendition:
    """Render an issue for everybody who is to get exactly these articles, in this order.

    Those beyond ``newsletter.max_articles`` are only counted ("and N more"), but belong to the
    rendition all the same: its readers have been told of them. Raises TemplateError.
    """
    shown = articles[: newsletter.max_articles]
    context: dict[str, object] = {
        "publication": publication,
        "language": newsletter.language,
        "newsletter": newsletter,
        "issue": IssueView.of(issue, newsletter),
        "articles": [ArticleView.of(one, publication, newsletter.language) for one in shown],
        "more": len(articles) - len(shown),
        "recipient": RecipientView(name=marker(Slot.NAME), address=marker(Slot.ADDRESS)),
        "unsubscribe_url": marker(Slot.UNSUBSCRIBE_URL),
        "preferences_url": marker(Slot.PREFERENCES_URL),
        "browser_url": issue_url(publication, issue),
    }
    context["subject"] = templates.line(newsletter.subject, **context)
    context["preheader"] = excerpt(shown[0].summary, _PREHEADER_COLUMNS)
    ids = tuple(article.id for article in articles)
    name = f"email/{newsletter.template}"
    return Rendition(
        id=0,
        newsletter=newsletter.slug,
        issue=issue.id,
        key=_key(newsletter.language, *ids),
        language=newsletter.language,
        subject=str(context["subject"]),
        html=inline(templates.html(f"{name}.html", **context)),
        text=templates.text(f"{name}.txt", **context),
        article_ids=ids,
        created=now,
    )


def confirmation(
    templates: Templates, *, publication: Publication, newsletter: Newsletter, now: datetime
) -> Rendition:
    """Render the mail that asks a person to confirm. It says nothing that a stranger typed (A12).

    Raises TemplateError.
    """
    subject = f"Please confirm: {newsletter.title}"
    context: dict[str, object] = {
        "publication": publication,
        "language": newsletter.language,
        "newsletter": newsletter,
        "subject": subject,
        "preheader": "",
        "confirm_url": marker(Slot.CONFIRM_URL),
    }
    html = inline(templates.html("email/confirm.html", **context))
    text = templates.text("email/confirm.txt", **context)
    return Rendition(
        id=0,
        newsletter=newsletter.slug,
        issue=None,
        key=_key(subject, html, text),
        language=newsletter.language,
        subject=subject,
        html=html,
        text=text,
        article_ids=(),
        created=now,
    )


def issue_url(publication: Publication, issue: Issue) -> str:
    """Give an issue's page in the archive; "" for one that has no number yet."""
    if issue.number is None:
        return ""
    return f"{publication.base_url}/newsletters/{issue.newsletter}/issues/{issue.number}"


def _key(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
