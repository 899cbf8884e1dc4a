"""The page of a report: everything in one file, nothing from elsewhere, numbers as a person reads them."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from trainer.report.page import Plot, Section, plot_style, render_page, write_page
from trainer.report.tables import Strong, Table

if TYPE_CHECKING:
    from pathlib import Path


class Reader(HTMLParser):
    """Collects what a page holds; a page whose elements are not closed in order is an error."""

    _VOID = frozenset({"meta", "link", "img", "br", "hr"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1], data.strip()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def plot(caption: str = "A line") -> Plot:
    with plot_style():
        figure = Figure((4, 3))
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#ff8c00", label="RBC")
        axes.set(xlabel="true", ylabel="counted", title="Counts")
        axes.legend()
    return Plot(figure, caption)


TABLE = Table(
    ("class", "true", "error %", "F1"),
    [("RBC", 2847, Strong(-1.37), 0.9524), ("<b>odd</b>", 0, float("nan"), None)],
    caption="All fields",
    digits={"error %": 1},
)


def test_a_page_needs_nothing_but_itself() -> None:
    page = render_page("Report", [Section("One", plots=[plot(), plot()]), Section("Two", tables=[TABLE])])
    reader = Reader(page)
    assert "http" not in page
    assert not reader.all("script")
    assert not reader.all("link")
    assert not reader.all("img")
    assert len(reader.all("svg")) == 2
    links = {link["href"] for link in reader.all("a")}
    names = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert links <= {f"#{name}" for name in names}


def test_two_plots_do_not_cut_each_other() -> None:
    reader = Reader(render_page("Report", [Section("One", plots=[plot(), plot()])]))
    clips = [attributes["id"] for attributes in reader.all("clippath")]
    assert len(clips) == len(set(clips)) >= 2


def test_plots_take_the_colour_of_the_text_and_say_what_they_show() -> None:
    page = render_page("Report", [Section("One", plots=[plot('a "quoted" line')])])
    assert "currentColor" in page
    assert "#010203" not in page
    assert "#ff8c00" in page
    reader = Reader(page)
    assert reader.all("svg")[0]["aria-label"] == 'a "quoted" line'
    assert ("text", "counted") in reader.texts


def test_numbers_stand_to_the_right_as_a_person_reads_them() -> None:
    reader = Reader(render_page("Report", [Section("One", ["1 < 2 & more"], [TABLE])]))
    cells = [text for tag, text in reader.texts if tag in {"td", "strong"}]
    assert cells == ["RBC", "2,847", "−1.4", "0.952", "<b>odd</b>", "0", "–", "–"]
    assert [attributes.get("class") for attributes in reader.all("td")] == [None, *["number"] * 3] * 2
    assert ("p", "1 < 2 & more") in reader.texts
    assert ("strong", "−1.4") in reader.texts


def test_the_same_table_as_csv() -> None:
    rows = list(csv.reader(io.StringIO(TABLE.csv().decode("utf-8-sig"))))
    assert rows == [
        ["class", "true", "error %", "F1"],
        ["RBC", "2847", "-1.3700", "0.9524"],
        ["<b>odd</b>", "0", "", ""],
    ]


def test_the_same_report_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_page(tmp_path / name, "Zählung", [Section("One", plots=[plot()])], {"model": "Größe \udcff"})
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert "Zählung" in (tmp_path / "a.html").read_text("utf-8")
