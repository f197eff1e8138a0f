"""The kernels' library: compiled once, or a reason why there is none."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

import train.distilled.compiled as module
from train.distilled.compiled import INSTRUCTIONS, NoKernelsError, cache_folder, compiled


@pytest.fixture
def able(monkeypatch, tmp_path) -> Path:
    """A machine on which everything is there, but the compiler only writes down that it ran."""
    processor = tmp_path / "cpuinfo"
    processor.write_text(f"model name\t: a\nflags\t\t: fpu {' '.join(INSTRUCTIONS)}\n")
    compiler = tmp_path / "compiler"
    compiler.write_text(
        '#!/bin/sh\necho run >> "$0.log"\nwhile [ "$1" != -o ]; do shift; done\necho code > "$2"\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setattr(module, "PROCESSOR", processor)
    monkeypatch.setattr(module.platform, "system", lambda: "Linux")
    monkeypatch.setattr(module.platform, "machine", lambda: "x86_64")
    monkeypatch.setenv("CXX", str(compiler))
    return tmp_path


def runs(folder: Path) -> int:
    return len((folder / "compiler.log").read_text().splitlines())


def test_it_is_compiled_once_and_nothing_lies_beside_it(able):
    cache = able / "cache"
    library = compiled(cache)
    assert library.read_text() == "code\n"
    assert compiled(cache) == library
    assert runs(able) == 1
    assert list(cache.iterdir()) == [library]


def test_another_source_or_processor_is_another_library(able, monkeypatch):
    first = compiled(able)
    sources = able / "cpp"
    sources.mkdir()
    (sources / "other.cpp").write_text("int other;")
    monkeypatch.setattr(module, "SOURCES", sources)
    second = compiled(able)
    module.PROCESSOR.write_text(f"flags: {' '.join(INSTRUCTIONS)} more\n")
    third = compiled(able)
    assert len({first, second, third}) == runs(able) == 3


def test_what_is_missing_is_named(able, monkeypatch):
    module.PROCESSOR.write_text("flags: fpu avx512f avx512dq avx512vl\n")
    with pytest.raises(NoKernelsError, match=r"this processor has no avx512bw$"):
        compiled(able)
    module.PROCESSOR.unlink()
    with pytest.raises(NoKernelsError, match="cpuinfo cannot be read"):
        compiled(able)
    monkeypatch.setattr(module.platform, "machine", lambda: "aarch64")
    with pytest.raises(NoKernelsError, match="for x86-64 Linux, not aarch64"):
        compiled(able)


def test_a_compiler_that_is_not_there_or_fails(able, monkeypatch):
    (able / "compiler").write_text("#!/bin/sh\necho 'x.cpp:3: error: no such thing' >&2\nexit 1\n")
    with pytest.raises(NoKernelsError, match=r"cannot compile them \(x.cpp:3: error: no such"):
        compiled(able / "cache")
    assert list((able / "cache").iterdir()) == []
    monkeypatch.setenv("CXX", str(able / "gone"))
    with pytest.raises(NoKernelsError, match=r"no C\+\+ compiler \(.*gone\) is installed"):
        compiled(able)


def test_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "edge-emotion"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "edge-emotion"


@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda folder: (folder / "compiler").unlink(), "no C++ compiler"),
        (lambda folder: (folder / "edge-emotion").write_text(""), "cannot be written"),
        (lambda _: None, "cannot be loaded"),
    ],
    ids=["no compiler", "no cache", "no library"],
)
def test_without_kernels_one_line_says_why(able, monkeypatch, break_it, reason):
    from train.distilled.kernels import load_kernels

    monkeypatch.setenv("XDG_CACHE_HOME", str(able))
    break_it(able)
    told: list[str] = []
    assert load_kernels(told.append) is None
    assert len(told) == 1
    assert told[0].startswith("no kernels of its own: ")
    assert reason in told[0]
