"""`suppressions`, and what they keep from `subscribers`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command

TO_DIGEST = ("--newsletter", "digest")


def listed(command: Command) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(command("suppressions", "list", "--json").stdout)
    return found


def test_suppressions_come_and_go(loaded: Command) -> None:
    words = [
        loaded("suppressions", "add", "Ann@Example.org").stdout,
        loaded("suppressions", "add", "ann@example.org", "--note", "again").stdout,
        loaded(
            *("suppressions", "add", "@Bücher.example", *TO_DIGEST, "--reason", "complaint"),
            *("--until", "2090-01-01", "--note", "asked us to"),
        ).stdout,
    ]

    rows = listed(loaded)

    assert words == [
        "Ann@Example.org is suppressed.\n",
        "ann@example.org was already suppressed.\n",
        "@Bücher.example is suppressed.\n",
    ]
    columns = ("address", "newsletter", "reason", "until", "note")
    assert [tuple(each[name] for name in columns) for each in rows] == [
        ("ann@example.org", "", "manual", None, ""),
        (
            "@xn--bcher-kva.example",
            "digest",
            "complaint",
            "2090-01-01T00:00:00+08:00",
            "asked us to",
        ),
    ]
    gone = [
        loaded("suppressions", "remove", "ann@example.org"),
        loaded("suppressions", "remove", "ann@example.org"),
        loaded("suppressions", "remove", "@bücher.example"),
        loaded("suppressions", "remove", "@bücher.example", *TO_DIGEST),
    ]
    assert [result.exit_code for result in gone] == [0, 1, 1, 0]
    assert listed(loaded) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ann@example.org", "--until", "soon"), 2, '"soon" is not a date'),
        (("ann@example.org", "--newsletter", "digets"), 2, "did you mean digest?"),
        (("ann@example.org", "--reason", "dislike"), 2, "dislike"),
        (("@",), 1, "is not a usable address"),
        (("@example", "--reason", "manual"), 1, "is not a usable address"),
    ],
)
def test_a_suppression_that_cannot_be_meant_is_refused(
    loaded: Command, words: tuple[str, ...], code: int, said: str
) -> None:
    result = loaded("suppressions", "add", *words)

    assert result.exit_code == code
    assert said in result.stderr
    assert listed(loaded) == []


def test_nobody_is_subscribed_who_is_suppressed(loaded: Command, tmp_path: Path) -> None:
    loaded("suppressions", "add", "ann@example.org", "--note", "wrote to us")
    loaded("suppressions", "add", "@spam.example")
    loaded("suppressions", "add", "bob@example.org", "--until", "2020-01-01")
    people = tmp_path / "people.csv"
    people.write_text("email\nann@example.org\nx@spam.example\nbob@example.org\n")

    added = loaded("subscribers", "add", "ann@example.org", *TO_DIGEST)
    imported = loaded("subscribers", "import", str(people), *TO_DIGEST, "--confirmed")

    assert added.exit_code == 1
    assert "ann@example.org is suppressed (manual, wrote to us) and not subscribed" in added.stderr
    assert "1 subscribed; 2 suppressed, and stay away." in imported.stdout
    shown = json.loads(loaded("subscribers", "list", "--json").stdout)
    assert [row["address"] for row in shown] == ["bob@example.org"]


def test_suppressions_are_taken_in_and_given_out(loaded: Command, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "email,reason,until,newsletter,note\n"
        "Ann@Example.org,hard_bounce,,,\n@Spam.example,,,,\nbob@example.org,complaint,"
        "2030-01-02,digest,=1\nbad,,,,\nx@example.org,erased,,,\ny@example.org,,,other,\n"
        "z@example.org,,soon,,\n"
    )

    taken = loaded("suppressions", "import", str(file))

    assert "list.csv: 3 suppressed; 4 lines rejected.\n" in taken.stdout
    rejected = file.with_name("list.csv.rejects.csv").read_text(encoding="utf-8")
    assert [
        'list.csv,6,x@example.org,"the reason erased is none of complaint, hard_bounce, manual,'
        ' soft_bounces"',
        "list.csv,7,y@example.org,there is no newsletter other",
        'list.csv,8,z@example.org,"""soon"" in until is no time"',
    ] == rejected.splitlines()[2:]
    exported = loaded("suppressions", "export").stdout
    lines = [
        json.loads(line) for line in loaded("suppressions", "export", "--json").stdout.splitlines()
    ]
    assert [
        ("ann@example.org", None, "hard_bounce", None, None),
        ("@spam.example", None, "manual", None, None),
        ("bob@example.org", "digest", "complaint", "2030-01-02T00:00:00+00:00", "=1"),
    ] == [(*map(line.get, ("address", "newsletter", "reason", "until", "note")),) for line in lines]
    words = "no mail, please:\n" + "x" * 300
    loaded("suppressions", "add", "long@example.org", "--note", words)
    exported = loaded("suppressions", "export").stdout
    file.write_text(exported)
    loaded("suppressions", "remove", "long@example.org")
    for line in lines:
        of = ("--newsletter", line["newsletter"]) if line["newsletter"] else ()
        loaded("suppressions", "remove", line["address"], *of)

    assert "4 suppressed." in loaded("suppressions", "import", str(file)).stdout
    assert "4 suppressed already." in loaded("suppressions", "import", str(file)).stdout

    assert exported == loaded("suppressions", "export").stdout
