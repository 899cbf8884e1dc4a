"""Measure the bars on the window: 5,000 boxes on the canvas, and folders of many images."""

from __future__ import annotations

from child import figures_of
from effort import FULL, Effort
from rich.console import Console
from rich.table import Table

FRAMES = (
    ("pan", "5,000 boxes, pan, all in view", "> 30 / s"),
    ("pan at 100 %", "5,000 boxes, pan at 100 %, with texts", "> 30 / s"),
    ("zoom", "5,000 boxes, zoom", "> 30 / s"),
    ("edit", "5,000 boxes, an edit until it is stored and painted", "< 16 ms"),
    ("undo", "5,000 boxes, an undo until it is stored and painted", "< 16 ms"),
)

VIEWS = (
    ("cells, first", "Cells for the first time", "< 100 ms"),
    ("cells, again", "Cells again", "< 100 ms"),
    ("results, first", "Results for the first time", "< 100 ms"),
    ("results, again", "Results again", "< 100 ms"),
    ("review, again", "Review again", "< 100 ms"),
    ("counting_settings, first", "Counting settings for the first time", "< 100 ms"),
    ("verify, first", "Verification for the first time", ""),
    ("verify, again", "Verification again", "< 100 ms"),
    ("Cells, scrolled", "scrolled", "< 100 ms"),
    ("Cells, sorted: Largest first", "sorted by size", ""),
    ("Cells, one removed", "one removed", ""),
    ("threshold, in Cells", "another threshold", ""),
)


def window_table(effort: Effort) -> Table:
    """Return the measurements; they take some minutes."""
    table = Table("what", title="The window")
    for column in ("SmearCount", "compared with", "ratio", "bar"):
        table.add_column(column, justify="right", no_wrap=True)
    frames = figures_of("field_frames.py", effort.frames)
    for key, title, bar in FRAMES:
        mine, empty = frames["boxes"][key], frames["empty"][key]
        rate = f", {1000 / mine:.0f} / s" if bar.endswith("/ s") else ""
        table.add_row(title, f"{mine:.1f} ms{rate}", f"{empty:.1f} ms, no boxes", f"{mine / empty:.1f} ×", bar)
    listed = figures_of("many_images.py", "list", effort.listed)
    table.add_row(
        f"{effort.listed:,} images listed",
        f"{listed['listed']:.2f} s",
        f"{listed['scandir']:.3f} s, scandir",
        f"{listed['listed'] / listed['scandir']:.0f} ×",
        "< 2 s",
    )
    for count, arguments in zip(effort.counted, ((640, 480, 40), (2592, 1944, 900)), strict=False):
        beat = figures_of("many_images.py", "beat", count, *arguments)
        table.add_row(
            f"{count} images of {arguments[0]} × {arguments[1]} counted, longest gap",
            f"{beat['counting']:.0f} ms",
            f"{beat['idle']:.0f} ms, at rest",
            f"{beat['counting'] / beat['idle']:.1f} ×",
            "< 50 ms",
        )
    many = figures_of("counted_images.py", effort.kept, effort.added)
    kept = f"{effort.kept:,} counted and reviewed images of 150 cells"
    table.add_row(f"session of {kept} opened", f"{many['opened']:.2f} s", "", "", "< 3 s")
    table.add_row(f"one more beside {kept}, window's thread", f"{many['added']:.1f} ms", "", "", "< 5 ms")
    table.add_row(
        f"{effort.added} more counted beside them, longest gap",
        f"{many['gap']:.0f} ms",
        f"{many['rest']:.0f} ms, at rest",
        f"{many['gap'] / many['rest']:.1f} ×",
        "< 50 ms",
    )
    _add_views(table, effort)
    memory = figures_of("many_images.py", "memory", effort.shown)
    grown = memory["after all"] - memory["after 50"]
    table.add_row(
        f"{effort.shown:,} images shown, memory after the 50th",
        f"+{grown:.0f} MiB",
        f"{memory['after 50']:.0f} MiB",
        "",
        "< +95 MiB",
    )
    return table


def _add_views(table: Table, effort: Effort) -> None:
    """Measure switching between views and windows, the gallery and the piles, with very many cells."""
    images, cells = effort.seen
    views = figures_of("views.py", images, cells)
    for name, title, bar in VIEWS:
        one = views[name]
        gap = f"{one['gap']:.0f} ms, longest gap after it"
        table.add_row(f"{images * cells:,} cells, {title}", f"{one['ms']:.0f} ms", gap, "", bar)
    piles = figures_of("piles.py", *effort.piled)
    for name, title in (("shown", "piles shown anew"), ("given", "a kind given and shown"), ("undone", "an undo")):
        table.add_row(f"{piles['cells']:,.0f} cells by kind, {title}", f"{piles[name]:.0f} ms", "", "", "< 50 ms")


if __name__ == "__main__":
    Console().print(window_table(FULL))
