"""What a process of one's own answers, and what it says when it cannot."""

from __future__ import annotations

import pytest

from benchmarks.asking import NoAnswerError, ask


def test_the_last_line_is_the_answer() -> None:
    assert ask("import sys; print('hello'); print('[1, ' + sys.argv[1] + ']')", "2") == [1, 2]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise ValueError('too\\x1b[31m red')", "ValueError: too"),
        ("raise SystemExit(3)", "no reason told"),
        ("import os; os.abort()", "its process ended by SIGABRT"),
    ],
)
def test_a_failure_is_one_line(code: str, told: str) -> None:
    with pytest.raises(NoAnswerError, match=told) as caught:
        ask(code)
    assert str(caught.value).isprintable()
