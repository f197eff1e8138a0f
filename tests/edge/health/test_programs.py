"""Programs that may not be there, fail or hang."""

from __future__ import annotations

from edge.health import programs


def test_what_a_program_prints():
    assert programs.ask("echo", "héllo") == "héllo\n"


def test_none_where_it_cannot_be_asked(monkeypatch):
    assert programs.ask("no-such-program") is None
    assert programs.ask("false") is None
    monkeypatch.setattr(programs, "SECONDS", 0.05)
    assert programs.ask("cat", "/dev/zero") is None or programs.ask("sleep", "20") is None


def test_a_log_that_cannot_be_read_is_unknown_and_one_without_a_match_is_empty(monkeypatch):
    def journal(*command: str) -> str | None:
        return None if any(one.startswith("--grep") for one in command) else "Linux version\n"

    monkeypatch.setattr(programs, "ask", journal)
    assert programs.kernel_log("x") == ""
    monkeypatch.setattr(programs, "ask", lambda *_: None)
    assert programs.kernel_log("x") is None
    monkeypatch.setattr(programs, "ask", lambda *_: "")
    assert programs.kernel_log("x") is None, "the whole log is empty: it is not shown"
    monkeypatch.setattr(programs, "ask", lambda *_: "EXT4-fs error\n")
    assert programs.kernel_log("x") == "EXT4-fs error\n"
