"""Terminal output and durations."""

from __future__ import annotations

import pytest

from cli.terminal import duration_seconds, error_exit, print_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Café “Süd” 👩‍🚀 [bold]", "Café “Süd” 👩‍🚀 [bold]"),
        ("red\x1b[31m", "red\\x1b[31m"),
        ("two\nlines\tand\x07", "two\\x0alines\\x09and\\x07"),
        ("csi \x9b2J", "csi \\x9b2J"),
        ("left\u202eto right\u2069", "left\\u202eto right\\u2069"),
        ("separated\u2028", "separated\\u2028"),
        ("half \ud83d", "half \\ud83d"),
    ],
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_are_printed_without_markup_and_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("[red]one[/]\ntwo\x1b[2J")
    exit_ = error_exit("wrong\x1b]0;title\x07", 3)
    output = capsys.readouterr()
    assert output.out == "[red]one[/]\ntwo\\x1b[2J\n"
    assert (output.err, exit_.exit_code) == ("wrong\\x1b]0;title\\x07\n", 3)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("2m", 120), ("12h", 43_200), ("3650d", 315_360_000)])
def test_durations_are_converted_to_seconds(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "0s", "-1h", "1w", "1.5h", "3651d", "9999999999s"])
def test_other_durations_are_refused(text: str) -> None:
    assert duration_seconds(text) is None
