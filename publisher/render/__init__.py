"""Mails and pages from Jinja2 templates, the shipped ones and a site's own.

`Templates` is the environment; `ArticleView`, `GroupView`, `PartView`, `IssueView` and
`RecipientView` are what it is given to print, and `inline` moves a mail's CSS onto its elements.
The issues verb, the web pages and the preview come here; nothing here reads a store or a config, so
that no secret is within a template's reach (a template engine that could read its server's
environment is how CVE-2025-49136 gave away passwords). Data are printed, never compiled.

A site's folder goes before the shipped one: ``email/digest.html`` there replaces ours, and
may build on it with ``{% extends "shipped/email/digest.html" %}``. A mail may be written in MJML
instead: ``email/NAME.mjml.j2`` goes before ``email/NAME.html``; it is Jinja first, then MJML. Each
needs its ``email/NAME.txt`` besides.

Four designs are shipped, and all get the same:

``digest``
    a newspaper: the first article of all is the lead, with its picture; then come the groups.
``plain``
    a letter: no pictures, no frame.
``full``
    each article, as far as there is room, in full.
``instant``
    the first article is the page's own, under its title; others that came at once follow it.

What every template gets, which is a promise to those who write them:

``publication``
    the `publisher.model.Publication`: title, base_url, description, language, timezone,
    postal_address.
``language``
    the BCP 47 tag that this mail or page is written in.

What the templates of a mail get besides (``email/NAME.html``, ``.mjml.j2`` and ``.txt``):

``newsletter``
    the `publisher.model.Newsletter` whose mail it is: slug, title, description, and so on. Of its
    ``theme`` (`publisher.model.Theme`) a mail takes colours (``light`` and ``dark``, each a
    `publisher.model.Palette`), ``font``, ``width``, ``logo`` (None for none) and ``logo_width``.
``issue``
    an `IssueView`: number (None in a preview), slot, date.
``parts``
    `PartView`, one for each newsletter that is in the mail: title, slug, groups, articles, more.
    Nearly always it is one, that of ``newsletter``. ``groups`` are `GroupView`, title and articles:
    the sections, or one without a title where the newsletter does not group. A part may be without
    articles where there was no room for any.
``articles``
    `ArticleView`, those of all parts in the order to print; at most ``max_articles`` of each
    newsletter, and as many as there is room for.
``more``
    how many further articles were left out of all parts together, 0 for none.
``intro``, ``intro_text``
    the editor's own word above the articles, as HTML and as plain text; "" for none.
``subject``, ``preheader``
    plain text; the preheader is what mail programs show beside the subject.
``recipient``
    a `RecipientView`: name, address.
``unsubscribe_url``, ``preferences_url``, ``browser_url``
    absolute URLs; each but the first is "" where the site has no such page.

An `ArticleView` has title, url, authors, section, tags, date, language, summary and, for a mail:

``is_whole``, ``html``, ``text``, ``links``, ``excerpt``
    whether the mail shows the whole of it. If so, ``html`` is that, made fit for mail programs, and
    ``text`` and ``links`` (each with words and url) are the same for the text part. If not,
    ``excerpt`` is what to show, already as long as the newsletter wants and there is room for.
``image``, ``image_alt``, ``image_width``, ``image_height``
    its picture, "" if there is none or the text shows it itself; alt is "" and the pixels are 0
    where nobody told them.
``reading_minutes``
    0 where the newsletter does not say them, or the text is unknown.

A mail whose HTML gets longer than Gmail shows is made again with less in it: the template has to
follow ``is_whole``, ``excerpt`` and ``articles``, and print ``more``.

``recipient``'s values and the three URLs are slots: while the template is rendered they are
marker strings, and each reader's own values take their place afterwards. Print them;
a template that compares, cuts or upper-cases them gets the marker. A name is often empty,
so no sentence should need one.

``email/confirm.html`` and ``.txt`` get ``newsletter``, ``subject``, ``preheader`` and
``confirm_url``, and nothing that a stranger typed into a form. Each page in ``web/`` names
what it gets in its first comment.

Functions, besides Jinja's own, for sentences in ``language``:

``gettext(message, **values)``
    the translation of an English sentence, or the sentence itself where there is none. Values
    go in by name, ``gettext("By %(names)s", names=article.authors)``, and are escaped like
    anything else that is printed; a % that is meant as one is written %%.
``ngettext(singular, plural, number, **values)``
    the same for a sentence that counts: ``%(num)s`` in it is the number as people write it.
``pgettext(context, ...)``, ``npgettext(context, ...)``, ``{% trans %}``
    as in Jinja's i18n extension.

Translations are in ``locale/TAG.po``, in the site's folder and in ours. The site's may say a few
sentences in its own way, or all of them in a language that we lack. What a translation must be
like is told in `publisher.render.languages`.

Filters, besides Jinja's own:

``longdate``, ``shortdate``
    a date in words with and without the weekday, in ``language`` and in the newsletter's zone
    where there is one, else the publication's.
``direction``
    "rtl" or "ltr" for a language tag.
``below(level)``
    the HTML of an article, with its headings below a title of that level. By itself it begins with
    level 3.
``excerpt(columns)``
    the beginning of a plain text, ended with "…" if something was left out.
``listed``
    a list of names as one phrase of ``language``.
``isolate``
    a plain text, between marks that keep it in order within a sentence that runs the other way;
    in HTML, ``dir="auto"`` does the same.
``wrap(columns)``
    plain text in lines, links whole; for the text part of a mail.
"""

from publisher.render.css import inline
from publisher.render.templates import Templates
from publisher.render.views import ArticleView, GroupView, IssueView, PartView, RecipientView

__all__ = [
    "ArticleView",
    "GroupView",
    "IssueView",
    "PartView",
    "RecipientView",
    "Templates",
    "inline",
]
