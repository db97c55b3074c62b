"""What a mail says, from a template: the rendition of a digest, and that of a confirmation.

Both hold slots where a recipient's own values go; `publisher.deliver` fills them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache

from markupsafe import Markup

from publisher.content.mailable import Words, listed, mailable
from publisher.content.markdown import markdown_to_html
from publisher.content.plain import plain_text
from publisher.content.sanitise import sanitise
from publisher.mail.slots import Slot, marker
from publisher.model import Issue, Newsletter, Publication, Rendition
from publisher.render import IssueView, RecipientView, Templates
from publisher.render.filters import excerpt
from publisher.room import Extent, fitting
from publisher.showing import Part, Showing

__all__ = ["Part", "confirmation", "contexts", "digest", "issue_url", "reminder"]

_PREHEADER_COLUMNS = 140


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
    subject, template, theme. ``intro`` is the editor's own word in Markdown. Articles beyond a
    newsletter's ``max_articles``, or beyond what there is room for, are only counted ("and N
    more"), but belong to the rendition all the same: its readers have been told of them. Raises
    TemplateError.
    """
    newsletter = parts[0].newsletter
    context = cache(
        contexts(
            templates,
            publication=publication,
            issue=issue,
            parts=parts,
            language=language,
            intro=intro,
        )
    )
    name = f"email/{newsletter.template_of(issue.cadence)}"
    count = sum(min(len(part.articles), part.newsletter.max_articles) for part in parts)
    html, extent = fitting(lambda extent: templates.mail(name, **context(extent)), count)
    told = context(extent)
    ids = tuple(
        (part.newsletter.slug, tuple(article.id for article in part.articles)) for part in parts
    )
    return Rendition(
        id=0,
        newsletter=newsletter.slug,
        issue=issue.id,
        key=_key(language, *ids),
        language=language,
        subject=str(told["subject"]),
        html=html,
        text=templates.text(f"{name}.txt", **told),
        parts=ids,
        created=now,
    )


def contexts(
    templates: Templates,
    *,
    publication: Publication,
    issue: Issue,
    parts: Sequence[Part],
    language: str,
    intro: str = "",
) -> Callable[[Extent], dict[str, object]]:
    """Give what makes the context of an issue's templates, as far as the mail is to extend."""
    newsletter = parts[0].newsletter
    spoken = templates.translated(language)
    showing = Showing(
        publication=publication,
        newsletter=newsletter,
        template=newsletter.template_of(issue.cadence),
        language=language,
        words=Words(
            video=spoken.gettext("Watch the video"),
            audio=spoken.gettext("Listen to the recording"),
        ),
    )
    said = sanitise(markdown_to_html(intro), publication.base_url)
    intro_html, links = mailable(said, width=newsletter.theme.width, words=showing.words)
    common: dict[str, object] = {
        "publication": publication,
        "language": language,
        "newsletter": newsletter,
        "issue": IssueView.of(issue, newsletter),
        "intro": Markup(intro_html),  # noqa: S704 - sanitised
        "intro_text": listed(plain_text(said), links) if said else "",
        "recipient": RecipientView(name=marker(Slot.NAME), address=marker(Slot.ADDRESS)),
        "unsubscribe_url": marker(Slot.UNSUBSCRIBE_URL),
        "preferences_url": marker(Slot.PREFERENCES_URL),
        "browser_url": issue_url(publication, issue),
    }

    def context(extent: Extent) -> dict[str, object]:
        views = showing.parts(parts, extent)
        shown = [article for view in views for article in view.articles]
        made = common | {
            "parts": views,
            "articles": shown,
            "more": sum(view.more for view in views),
            "preheader": excerpt(shown[0].summary, _PREHEADER_COLUMNS) if shown else "",
        }
        return made | {"subject": templates.line(newsletter.subject, **made)}

    return context


def confirmation(
    templates: Templates,
    *,
    publication: Publication,
    newsletter: Newsletter,
    language: str,
    now: datetime,
) -> Rendition:
    """Render the mail that asks a person to confirm. It says nothing that a stranger typed (A12).

    Raises TemplateError.
    """
    subject = templates.translated(language).gettext("Please confirm: %(title)s")
    return _word(
        templates,
        "confirm",
        publication=publication,
        newsletter=newsletter,
        language=language,
        subject=subject % {"title": newsletter.title},
        now=now,
        confirm_url=marker(Slot.CONFIRM_URL),
    )


def reminder(
    templates: Templates,
    *,
    publication: Publication,
    newsletter: Newsletter,
    language: str,
    now: datetime,
) -> Rendition:
    """Render the mail that tells who signed up again that they are subscribed.

    It says nothing that a stranger typed either. Raises TemplateError.
    """
    subject = templates.translated(language).gettext("You are subscribed: %(title)s")
    return _word(
        templates,
        "subscribed",
        publication=publication,
        newsletter=newsletter,
        language=language,
        subject=subject % {"title": newsletter.title},
        now=now,
        unsubscribe_url=marker(Slot.UNSUBSCRIBE_URL),
        preferences_url=marker(Slot.PREFERENCES_URL),
    )


def _word(
    templates: Templates,
    name: str,
    *,
    publication: Publication,
    newsletter: Newsletter,
    language: str,
    subject: str,
    now: datetime,
    **links: str,
) -> Rendition:
    """Render a mail that is no issue: the template email/NAME, in HTML and text."""
    context: dict[str, object] = {
        "publication": publication,
        "language": language,
        "newsletter": newsletter,
        "subject": subject,
        "preheader": "",
        **links,
    }
    html = templates.mail(f"email/{name}", **context)
    text = templates.text(f"email/{name}.txt", **context)
    return Rendition(
        id=0,
        newsletter=newsletter.slug,
        issue=None,
        key=_key(subject, html, text),
        language=language,
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
