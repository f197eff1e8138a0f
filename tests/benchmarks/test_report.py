"""Results as one page: what it says, that it brings nothing in, and how it looks to a browser."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.chart import Chart, Series
from benchmarks.registry import BENCHMARKS, Benchmark
from benchmarks.report.page import markdown_as_html
from benchmarks.report.report import report
from benchmarks.report.text import plain
from benchmarks.report.view import MOST, view
from benchmarks.result import Figure, envelope
from benchmarks.result_file import read, write

RECORDED = Path(__file__).parent / "recorded"
EVIL = '<script>alert("1")</script><img src=x onerror=alert(1)> ![p](http://evil/p.png) [l](http://evil)'
TEXT = f"""Made of `code` & $5.

# Parts

| file | p50 | anger recall | how |
| --- | --- | --- | --- |
| int8.tflite | 0.18 | 0.55 (0.51-0.59) | one thread of the shipped interpreter |
| {EVIL.replace("|", "")} | 1.30 | - | <http://evil> |
"""


def quiet(_line: str) -> None:
    """For `say`."""


class Page(HTMLParser):
    """What a page holds: tags, ids, links, pictures, text."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.alts: list[str] = []
        self.text = self.style = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        assert not [name for name in told if name.startswith("on")], told
        self.tags.append(tag)
        if tag not in ("meta", "img", "br", "hr"):
            self.open.append(tag)
        self.ids += [told["id"]] if "id" in told else []
        self.links += [told["href"]] if "href" in told else []
        if tag == "img":
            self.sources.append(told["src"])
            self.alts.append(told["alt"])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text += f" {data}"

    def check(self) -> None:
        """It is whole, and loads nothing from anywhere."""
        assert self.open == []
        assert not {"script", "link", "iframe", "object", "embed", "base"} & set(self.tags)
        assert "url(" not in self.style
        assert "@import" not in self.style
        assert all(one.startswith("data:image/svg+xml;base64,") for one in self.sources)
        assert all(one.startswith("#") and one[1:] in self.ids for one in self.links)
        assert len(set(self.ids)) == len(self.ids)
        assert all(len(alt) > 10 for alt in self.alts)


@pytest.fixture(scope="module")
def fake() -> Iterator[ModuleType]:
    """A benchmark whose every word comes from a file."""
    module = ModuleType("fake_benchmark")
    module.as_text = lambda measured: measured["text"]  # type: ignore[attr-defined]
    module.charts = lambda measured: [  # type: ignore[attr-defined]
        Chart(measured["title"], "bar", "ms", "", [Series("p50", [measured["name"]], [1.0])])
    ]
    sys.modules["fake_benchmark"] = module
    BENCHMARKS["fake"] = Benchmark("Is it <fast>?", "fake_benchmark")
    yield module
    del sys.modules["fake_benchmark"], BENCHMARKS["fake"]


@pytest.fixture(scope="module")
def told(fake: ModuleType) -> dict[str, Any]:  # noqa: ARG001
    """Its result, hostile wherever a file can hold text."""
    measured = {"text": TEXT, "title": f"Title {EVIL}", "name": EVIL}
    figures = [Figure(f"{EVIL}/{i}", 100.0 + i, f"ms{EVIL}") for i in range(6)]
    found = envelope("fake", measured, figures, warnings=[f"busy {EVIL}"])
    found["machine"] = {"machine": f"Board {EVIL}", EVIL: EVIL}
    return found | {"files": {EVIL: 64 * "a"}, "commit": EVIL, "version": EVIL}


@pytest.fixture(scope="module")
def results(told: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The recorded results and the hostile one, in no order."""
    path = tmp_path_factory.mktemp("results") / "fake.json"
    write(path, told)
    return [path, *sorted(RECORDED.glob("*.json"), reverse=True)]


def bands(machine: str) -> dict[tuple[str, str], float]:
    """A reference of the hostile machine alone."""
    if machine.startswith("Board <"):
        return {("fake", f"{EVIL}/{i}"): 100.0 * factor for i, factor in enumerate((1, 2, 0.5))}
    return {}


@pytest.fixture(scope="module")
def made(results: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of page and Markdown."""
    out = tmp_path_factory.mktemp("page")
    left_out = [f"energy: {EVIL}"]
    report(results, out / "page.html", out / "page.md", left_out, quiet, bands)
    return out


@pytest.fixture(scope="module")
def page(made: Path) -> Page:
    return Page(made / "page.html")


# -- the page


def test_the_page_is_whole_and_loads_nothing(made: Path, page: Page) -> None:
    page.check()
    assert "default-src 'none'" in (made / "page.html").read_text()
    assert len(page.sources) > 10


def test_results_stand_in_the_order_in_which_a_reader_asks(page: Page, results: list[Path]) -> None:
    assert page.ids == ["summary", *(f"result-{i + 1}" for i in range(len(results)))]
    places = [page.text.index(f" {one.answers} ") for one in BENCHMARKS.values()]
    assert places == sorted(places)


def test_what_a_file_says_is_shown_as_text(made: Path, page: Page) -> None:
    html = (made / "page.html").read_text()
    assert EVIL not in html
    for part in ("<script", "<img src=x", 'href="http', 'src="http'):
        assert part not in html
    # machine, title, warning (twice), left out, figures, names of charts, details
    assert page.text.count('<script>alert("1")</script>') > 10
    assert "Is it <fast>?" in page.text
    assert "[l](http://evil)" in page.text


def test_warnings_stand_at_the_top_and_with_their_result(page: Page) -> None:
    assert page.text.count("busy <script>") == 2
    top, contents, below = (
        page.text.index(one) for one in ("to doubt", "Contents", "Is it <fast>?")
    )
    assert top < page.text.index("busy <script>") < contents
    assert page.text.rindex("busy <script>") > below


def test_a_warning_of_several_results_is_told_once(told: dict[str, Any]) -> None:
    other = told | {"warnings": ["hot", told["warnings"][0]]}
    doubts = view([told, other], [], bands)["doubts"]
    assert [(line, len(parts)) for line, parts in doubts] == [(told["warnings"][0], 2), ("hot", 1)]


def test_figures_are_held_against_the_machines_reference(page: Page) -> None:
    assert "1 times 100: same" in page.text
    assert "0.505 times 200: better" in page.text
    assert "2.04 times 50: worse" in page.text
    assert "1 of 3 figures within 30% of reference" in page.text
    assert "no reference for this machine" in page.text


def test_only_some_figures_are_headlines(page: Page) -> None:
    assert "All 6 figures that runs are compared by" in page.text
    # the summary, the cards and the table of all; the last figures stand in that alone
    assert [page.text.count(f" {value} ") for value in (100, 103, 104, 105)] == [3, 3, 1, 1]


def test_what_is_left_out_is_said(page: Page) -> None:
    assert "Not in this report" in page.text
    assert "energy: <script>" in page.text


def test_the_details_name_machine_files_and_versions(page: Page) -> None:
    kept = read(RECORDED / "latency.json")
    for name, value in {**kept["machine"], **kept["files"]}.items():
        assert name in page.text
        assert value in page.text
    assert kept["commit"] in page.text


# -- the Markdown


def test_the_markdown_has_every_result(made: Path, results: list[Path]) -> None:
    text = (made / "page.md").read_text()
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert len(headings) == len(results)
    blocks = text.split("\n\n")
    for table in (block for block in blocks if block.startswith("|")):
        plain_cells = [line.replace("\\|", "").count("|") for line in table.splitlines()]
        assert len(set(plain_cells)) == 1


def test_the_markdown_escapes_what_is_not_the_benchmarks_own(made: Path) -> None:
    text = (made / "page.md").read_text()
    own = text.count(EVIL.replace("|", ""))
    assert own == TEXT.count(EVIL.replace("|", "")) == 1
    assert text.count("\\<script>") == text.count("<script>") - own > 3
    assert text.count("!\\[p]") == text.count("[p]") - own > 3


@given(text=st.text(st.sampled_from(list("<>[]()!`*|#:&;\n\\ 1ahttp/.="))))
def test_plain_text_stays_text(text: str) -> None:
    html = markdown_as_html(f"a {plain(text)} b")
    assert not {"<code>", "<em>", "<strong>"} & set(re.findall(r"<\w+>", html))


# -- Markdown to HTML


@settings(deadline=None)
@given(text=st.text(st.sampled_from(list('<>[]()!`*_|-#:"&\n\\ 1ahttp/.=x'))))
def test_no_markdown_brings_anything_in(text: str) -> None:
    html = markdown_as_html(text)
    for tag in ("<script", "<img", "<a ", "<a>", "<iframe", "<x", "<h1", "<h2"):
        assert tag not in html


def test_tables_scroll_inside_and_are_aligned() -> None:
    html = markdown_as_html(TEXT)
    assert '<div class="wide" tabindex="0" role="region"' in html
    assert '0.55<span class="interval">(0.51-0.59)</span>' in html
    assert '<td class="words">one thread' in html
    assert "<td>0.18</td>" in html
    assert "<h3>Parts</h3>" in html


def test_a_long_cell_costs_no_time() -> None:
    """A pattern that tries every way to read it would never end."""
    cell = "1 (1-1) to " * 2000
    assert "words" in markdown_as_html(f"| a | b |\n| --- | --- |\n| x | {cell}z |\n")


# -- results of other versions


def test_a_result_that_cannot_be_told_has_its_figures(told: dict[str, Any]) -> None:
    part = view([told | {"measured": {}}], [], bands)["parts"][0]
    assert part["text"] == ""
    assert "cannot tell all that version" in part["trouble"]
    assert len(part["rows"]) == 6


def test_a_chart_that_cannot_be_made_costs_no_text(told: dict[str, Any]) -> None:
    part = view([told | {"measured": {"text": "words"}}], [], bands)["parts"][0]
    assert (part["text"], part["charts"]) == ("words", [])
    assert part["trouble"]


def test_a_benchmark_that_is_unknown_comes_last(told: dict[str, Any]) -> None:
    values = view([told | {"benchmark": "new"}, told], [], bands)
    assert [part["name"] for part in values["parts"]] == ["fake", "new"]
    assert "does not know" in values["parts"][1]["answers"]


def test_two_results_of_one_benchmark_are_numbered(told: dict[str, Any]) -> None:
    other = told | {"machine": {"machine": "Board 5"}, "taken": "2020-01-01T00:00:00+00:00"}
    values = view([told, other], [], bands)
    assert [part["name"] for part in values["parts"]] == ["fake (1 of 2)", "fake (2 of 2)"]
    assert values["parts"][0]["machine"] == "Board 5"  # the older
    assert values["title"] == "Benchmarks"
    assert "on 2 machines" in values["under"]
    assert "2020-01-01 to " in values["under"]


def test_headlines_are_of_different_things(told: dict[str, Any]) -> None:
    names = ["a/p50", "a/p99", "b/p50", "b/p99", "c/p50", "d/p50", "e/p50"]
    figures = [{"name": name, "value": 1.0, "unit": "ms"} for name in names]
    part = view([told | {"figures": figures}], [], bands)["parts"][0]
    assert [row["name"] for row in part["headline"]] == ["a/p50", "b/p50", "c/p50", "d/p50"]
    few = view([told | {"figures": figures[:3]}], [], bands)["parts"][0]
    assert [row["name"] for row in few["headline"]] == names[:3]
    assert len(part["headline"]) == MOST


def test_a_benchmark_names_its_headlines(told: dict[str, Any]) -> None:
    names = ["first", "RSS", "open files/slope", "dropped", "RSS/slope"]
    figures = [{"name": name, "value": 1.0, "unit": "MiB"} for name in names]
    soak = told | {"benchmark": "soak", "figures": figures}
    [part] = view([soak], [], bands)["parts"]
    assert [row["name"] for row in part["headline"]] == ["RSS", "RSS/slope", "dropped"]
    [other] = view([soak | {"figures": figures[:1]}], [], bands)["parts"]
    assert [row["name"] for row in other["headline"]] == ["first"]  # as nothing named is there


# -- a real browser


MEASURE = """<script>
addEventListener('load', () => {
const broken = [...document.images].filter(one => !one.complete || one.naturalWidth === 0).length;
const lost = [...document.querySelectorAll('nav a')]
    .filter(one => !document.querySelector(one.getAttribute('href'))).length;
const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
const asked = performance.getEntriesByType('resource')
    .filter(one => !one.name.startsWith('data:')).length;
document.title = JSON.stringify({broken, lost, over, asked, images: document.images.length});
});
</script></body>"""

Show = Callable[[Path, int], tuple[str, list[str]]]


@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_shows_the_page_without_complaint(
    browser: Show, made: Path, page: Page, results: list[Path], tmp_path: Path, width: int
) -> None:
    document, console = browser(made / "page.html", width)
    assert console == []
    assert document.count("<section") == 1 + len(results)
    # the page forbids scripts, so a copy without that is measured
    text = (made / "page.html").read_text()
    start = text.index('<meta http-equiv="Content-Security-Policy"')
    open_text = text[:start] + text[text.index(">", start) + 1 :]
    (tmp_path / "open.html").write_text(open_text.replace("</body>", MEASURE))
    document, _ = browser(tmp_path / "open.html", width)
    told = json.loads(document.split("<title>")[1].split("</title>")[0])
    wanted = {"broken": 0, "lost": 0, "over": 0, "asked": 0, "images": len(page.sources)}
    assert told == wanted


def test_a_browser_would_complain_of_a_script(browser: Show, made: Path, tmp_path: Path) -> None:
    """So that the test above can fail."""
    text = (made / "page.html").read_text().replace("</body>", MEASURE)
    (tmp_path / "scripted.html").write_text(text)
    _, console = browser(tmp_path / "scripted.html", 1200)
    assert any("Content Security Policy" in line for line in console)
