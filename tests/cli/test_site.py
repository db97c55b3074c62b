"""`init`, `check` and `migrate`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.rig.program import Site


def test_init_writes_a_site_without_faults(command: Command, tmp_path: Path) -> None:
    home = tmp_path / "news"

    made = command("init", str(home))

    checked = command("--config", str(home / "config" / "publisher.toml"), "check")
    files = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    expected = {".gitignore", "articles/welcome.md", "config/publisher.toml"}
    assert expected | {"templates/README.txt"} == files
    assert (0, 0) == (made.exit_code, checked.exit_code)


def test_init_dates_its_article_today(command: Command, tmp_path: Path) -> None:
    before = datetime.now(UTC).date()

    command("init", str(tmp_path / "news"))

    text = (tmp_path / "news" / "articles" / "welcome.md").read_text(encoding="utf-8")
    days = {before.isoformat(), datetime.now(UTC).date().isoformat()}
    assert any(f"\npublished: {day}\n" in text for day in days)


def test_init_tells_the_next_commands(command: Command, tmp_path: Path) -> None:
    home = tmp_path / "my news"

    result = command("init", str(home))

    assert f"cd '{home}'\n  publisher run --capture\n" in result.stderr


def test_init_refuses_a_folder_with_anything_in_it(command: Command, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ".hidden").touch()

    result = command("init", str(tmp_path / "full"))

    assert 1 == result.exit_code
    assert "is not empty" in result.stderr
    assert [".hidden"] == [path.name for path in (tmp_path / "full").iterdir()]


def test_init_refuses_a_file(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = command("init", str(tmp_path / "file"))

    assert (1, f"error: {tmp_path / 'file'}: File exists\n") == (result.exit_code, result.stderr)


def test_check_says_one_line_when_all_is_well(command: Command, site: Site) -> None:
    result = command("check")

    assert f"{site.config}: no faults (1 source, 1 feed, 1 newsletter)\n" == result.stdout
    assert "" == result.stderr


def test_check_tells_every_fault_of_the_config(command: Command, site: Site) -> None:
    text = site.config.read_text(encoding="utf-8")
    text = text.replace("connections = 5", "connections = 0").replace("0 7 * * *", "0 77 * * *")
    site.config.write_text(text, encoding="utf-8")

    result = command("check")

    first, second = result.stderr.splitlines()
    assert 2 == result.exit_code
    assert first.startswith(f"{site.config}: newsletters.digest.cadences.daily.cron: ")
    assert second.startswith(f"{site.config}: smtp.main.connections: 0 is not allowed, allowed: ")


def test_check_tells_faults_of_templates_with_file_and_line(command: Command, site: Site) -> None:
    folder = site.folder / "templates" / "email"
    folder.mkdir(parents=True)
    (folder / "digest.txt").write_text("one\n{% if %}\n", encoding="utf-8")

    result = command("check")

    assert 2 == result.exit_code
    assert result.stderr.startswith(f"{folder / 'digest.txt'}:2: ")


def test_check_tells_faults_of_translations_with_file_and_line(
    command: Command, site: Site
) -> None:
    folder = site.folder / "templates" / "locale"
    folder.mkdir(parents=True)
    (folder / "de.po").write_text(
        'msgid "By %(names)s"\nmsgstr "Von %(namen)s"\n', encoding="utf-8"
    )

    result = command("check")

    assert 2 == result.exit_code
    assert result.stderr.startswith(
        f'{folder / "de.po"}:1: "By %(names)s": the placeholders differ'
    )


def test_check_finds_a_name_that_a_template_does_not_get(command: Command, site: Site) -> None:
    folder = site.folder / "templates" / "email"
    folder.mkdir(parents=True)
    (folder / "digest.txt").write_text("{{ newsleter.title }}\n", encoding="utf-8")

    result = command("check")

    expected = f"{site.config}: newsletters.digest.template: email/digest.txt:1: "
    assert 2 == result.exit_code
    assert result.stderr.startswith(expected)


def test_check_tries_the_template_of_each_cadence(command: Command, site: Site) -> None:
    text = site.config.read_text(encoding="utf-8")
    own = text.replace('cron = "', 'template = "weekend", cron = "', 1)
    site.config.write_text(own, encoding="utf-8")

    result = command("check")

    assert own != text
    assert 2 == result.exit_code
    assert ".template: email/weekend.html: there is no template" in result.stderr
    assert "newsletters.digest.cadences." in result.stderr


def test_check_finds_a_subject_that_cannot_be_made(command: Command, site: Site) -> None:
    text = site.config.read_text(encoding="utf-8")
    site.config.write_text(text.replace("articles[0]", "articles[1]"), encoding="utf-8")

    result = command("check")

    assert 2 == result.exit_code
    assert result.stderr.startswith(f"{site.config}: newsletters.digest.subject: ")


@pytest.mark.parametrize("before", [True, False])
def test_config_may_be_named_before_or_behind_the_command(
    command: Command, site: Site, before: bool
) -> None:
    other = site.config.rename(site.config.with_name("other.toml"))
    option = ["--config", str(other)]

    result = command(*option, "check") if before else command("check", *option)

    assert 0 == result.exit_code
    assert "other.toml: no faults" in result.stdout


def test_a_missing_config_is_told_with_what_to_do(command: Command, tmp_path: Path) -> None:
    result = command("--config", str(tmp_path / "none.toml"), "check")

    assert 2 == result.exit_code
    assert "`publisher init DIR`" in result.stderr


def test_migrate_tells_versions_and_is_harmless_twice(command: Command) -> None:
    first = command("migrate")

    second = command("migrate")

    assert "(before: none)" in first.stdout
    assert "already" in second.stdout


def test_commands_name_migrate_when_the_database_is_not_there(command: Command) -> None:
    result = command("articles", "list")

    assert 1 == result.exit_code
    assert "run `publisher migrate`" in result.stderr
