"""A site's mails in MJML: a mail comes of it, and its faults are told where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.errors import TemplateError
from publisher.render import Templates
from tests.rig import samples

LETTER = """\
<mjml lang="{{ language }}" dir="{{ language|direction }}">
<mj-head><mj-title>{{ subject }}</mj-title></mj-head>
<mj-body>
<mj-section><mj-column>
{% for article in articles %}
<mj-image src="https://e.org/p.png" alt="{{ article.title }}" />
<mj-text>{{ article.title }}&nbsp;<br>{{ article.html }}</mj-text>
{% endfor %}
<mj-button href="{{ unsubscribe_url }}">{{ gettext("Unsubscribe") }}</mj-button>
</mj-column></mj-section>
</mj-body>
</mjml>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "email").mkdir()
    return tmp_path


def mail(folder: Path, template: str, language: str = "en") -> str:
    (folder / "email" / "digest.mjml.j2").write_text(template, encoding="utf-8")
    context = samples.digest(language, samples.RICH, template="full")
    return Templates(folder).mail("email/digest", **context)


def test_mjml_of_a_site_goes_before_html(folder: Path) -> None:
    (folder / "email" / "digest.html").write_text("<p>The HTML")

    html = mail(folder, LETTER, "ar")

    assert '<html lang="ar" dir="rtl"' in html
    assert "<mj-" not in html
    assert "The HTML" not in html
    assert "إلغاء الاشتراك" in html


def test_every_character_comes_through_wherever_it_stands(folder: Path) -> None:
    """mrml writes what is not ASCII in an attribute as Rust would, and so every slot."""
    html = mail(folder, LETTER)

    assert 'href="https://news.example.org/u/\ue0f0token\ue0f1"' in html
    for article in samples.RICH[2:4]:
        assert f'alt="{article.title}"' in html
    assert "\\u{" not in html


def test_data_are_escaped_and_articles_keep_their_markup(folder: Path) -> None:
    html = mail(folder, LETTER)

    assert 'Tugs &lt;Queue&gt; &amp; "Wait" as Fog' in html
    assert "<em>written</em>" in html


def test_mail_fetches_no_font_from_elsewhere(folder: Path) -> None:
    html = mail(folder, LETTER)

    assert "fonts.googleapis" not in html


@pytest.mark.parametrize(
    ("wrong", "line", "reason"),
    [
        ("<mj-column>\n<mj-txet>x</mj-txet>", 5, "nothing in MJML is called mj-txet"),
        ("<mj-column>\n{{ newsleter }}", 5, "nothing here is called 'newsleter'"),
        ("<mj-column>\n<mj-include path='a.mjml' />", 5, "unable to load included template"),
        ("<mj-column>\n<mj-text><p>x</mj-text>", None, "unexpected end of stream"),
    ],
)
def test_fault_names_template_and_line(
    folder: Path, wrong: str, line: int | None, reason: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        mail(folder, LETTER.replace("<mj-column>", wrong))

    assert (caught.value.template, caught.value.line) == ("email/digest.mjml.j2", line)
    assert reason in str(caught.value)


def test_check_reads_mjml_templates_too(folder: Path) -> None:
    (folder / "email" / "digest.mjml.j2").write_text("<mjml>\n{% iff %}")

    (fault,) = Templates(folder).check()

    assert fault.startswith("email/digest.mjml.j2:2: ")
