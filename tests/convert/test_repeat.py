"""The same conversion twice gives the same bytes, card, golden answers and pictures included."""

from __future__ import annotations

from convert.cli import main
from convert.convert import convert
from convert.plan import Plan


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_twice_in_one_process(made, model, splits, tmp_path):
    convert(
        model,
        splits,
        tmp_path / "again",
        "tiny",
        {"recipe": "for tests"},
        plan=Plan(aware="never", pinned=made.folder / "tiny-representative.csv"),
        say=lambda _: None,
    )
    first, second = contents(made.folder), contents(tmp_path / "again")
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_a_list_of_faces_is_kept_to(made, keras_file, data, tmp_path, monkeypatch):
    """Fourteen faces give other ranges than all, and the same whenever they are asked for."""
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    lines = (made.folder / "tiny-representative.csv").read_text().splitlines()
    listed = tmp_path / "fourteen.csv"
    listed.write_text("\n".join(lines[:15]) + "\n")
    outs = [tmp_path / name for name in ("first", "second")]
    for out in outs:
        code = main(
            [
                *(str(keras_file), "--data", str(data), "--out", str(out), "--name", "tiny"),
                *("--representative", str(listed), "--formats", "int8.tflite"),
                *("--aware", "never", "--max-drop", "50"),
            ]
        )
        assert code == 0
    first, second = map(contents, outs)
    assert first == second
    assert first["tiny-representative.csv"] == listed.read_bytes()
    assert first["tiny-int8.tflite"] != (made.folder / "tiny-int8.tflite").read_bytes()


def test_nothing_of_time_or_place_is_in_the_card(made):
    told = (made.folder / "tiny.json").read_text()
    assert str(made.folder) not in told
    assert not [place for place in ("/home", "/tmp", "/root") if place in told]
