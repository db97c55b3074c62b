"""What a mail says, from a template: the rendition of a digest, and that of a confirmation.

Both hold slots where a recipient's own values go; `publisher.deliver` fills them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from publisher.content.markdown import markdown_to_html
from publisher.content.plain import plain_text
from publisher.content.sanitise import sanitise
from publisher.mail.slots import Slot, marker
from publisher.model import Article, Issue, Newsletter, Publication, Rendition
from publisher.render import ArticleView, IssueView, PartView, RecipientView, Templates, inline
from publisher.render.filters import excerpt

_PREHEADER_COLUMNS = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a mail has of one newsletter: these articles, in this order."""

    newsletter: Newsletter
    articles: Sequence[Article]


def digest(
    templates: Templates,
    *,
    publication: Publication,
    issue: Issue,
    parts: Sequence[Part],
    language: str,
    intro: str = "",
    now: datetime,
) -> Rendition:
    """Render an issue for everybody who reads this language and is to get exactly these articles.

    A mail has several parts where newsletters are merged; it is the first one's: sender,
    subject, template. ``intro`` is the editor's own word in Markdown. Articles beyond a
    newsletter's ``max_articles`` are only counted ("and N more"), but belong to the rendition
    all the same: its readers have been told of them. Raises TemplateError.
    """
    newsletter = parts[0].newsletter
    views = [_part_view(part, publication, language) for part in parts]
    shown = [article for view in views for article in view.articles]
    intro_html = sanitise(markdown_to_html(intro), publication.base_url)
    context: dict[str, object] = {
        "publication": publication,
        "language": language,
        "newsletter": newsletter,
        "issue": IssueView.of(issue, newsletter),
        "parts": views,
        "articles": shown,
        "more": sum(view.more for view in views),
        "intro": Markup(intro_html),  # noqa: S704 - sanitised
        "intro_text": plain_text(intro_html) if intro_html else "",
        "recipient": RecipientView(name=marker(Slot.NAME), address=marker(Slot.ADDRESS)),
        "unsubscribe_url": marker(Slot.UNSUBSCRIBE_URL),
        "preferences_url": marker(Slot.PREFERENCES_URL),
        "browser_url": issue_url(publication, issue),
    }
    context["subject"] = templates.line(newsletter.subject, **context)
    context["preheader"] = excerpt(shown[0].summary, _PREHEADER_COLUMNS) if shown else ""
    ids = tuple(
        (part.newsletter.slug, tuple(article.id for article in part.articles)) for part in parts
    )
    name = f"email/{newsletter.template}"
    return Rendition(
        id=0,
        newsletter=newsletter.slug,
        issue=issue.id,
        key=_key(language, *ids),
        language=language,
        subject=str(context["subject"]),
        html=inline(templates.html(f"{name}.html", **context)),
        text=templates.text(f"{name}.txt", **context),
        parts=ids,
        created=now,
    )


def _part_view(part: Part, publication: Publication, language: str) -> PartView:
    newsletter = part.newsletter
    shown = part.articles[: newsletter.max_articles]
    return PartView(
        title=newsletter.title,
        slug=newsletter.slug,
        articles=tuple(ArticleView.of(one, publication, language) for one in shown),
        more=len(part.articles) - len(shown),
    )


def confirmation(
    templates: Templates, *, publication: Publication, newsletter: Newsletter, now: datetime
) -> Rendition:
    """Render the mail that asks a person to confirm. It says nothing that a stranger typed (A12).

    Raises TemplateError.
    """
    spoken = templates.translated(newsletter.language)
    subject = spoken.gettext("Please confirm: %(title)s") % {"title": newsletter.title}
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
        parts=(),
        created=now,
    )


def issue_url(publication: Publication, issue: Issue) -> str:
    """Give an issue's page in the archive; "" for one that has no number yet."""
    if issue.number is None:
        return ""
    return f"{publication.base_url}/newsletters/{issue.newsletter}/issues/{issue.number}"


def _key(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
