"""Every sentence that a user reads can be translated: no bare string in a widget, message, error or report."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo

from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for room in ("core", "gui") for path in (ROOT / room).rglob("*.py"))

TWO_WORDS = re.compile(r"[A-Za-z']{2,}[,:;]? +[A-Za-z'(]")
NOT_LANGUAGE = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|WHEN|WHERE|BEGIN|REPLACE|ORDER|VACUUM|ATTACH|ALTER|JOIN|FROM|DROP)\b"
    r"|^\s*(AND|ON)\b|[{};]\s*$|:\s*\S+;|<svg|<font|\.ttf$"  # SQL, style sheets, drawings, fonts
    r"|^SmearCount x\s*$|^smearcount[ -]|^-"  # the program and its version or command, an option
)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Calls that show their first argument, even if it is a single word
SHOWN = _names(
    """
    QLabel QPushButton QToolButton QCheckBox QRadioButton QGroupBox QAction QMenu QDockWidget setText
    setToolTip setWindowTitle setPlaceholderText setStatusTip setAccessibleName setTitle addMenu addTab
    setTabText addButton setInformativeText showMessage
    """
)
# Calls whose arguments no user reads
NOT_SHOWN = _names(
    """
    getLogger debug compile sub match search fullmatch setObjectName setProperty property setStyleSheet
    startswith endswith split encode decode setValue strftime cast TypeVar Signal Slot findChild select rows
    row execute executescript connect environ gettext ngettext replace find count index partition rpartition
    setattr getattr Task remember remembered ParagraphStyle
    """
)
# Errors of the program itself; one that a user may read takes its sentence from gettext
FAULTS = _names(
    """
    AssertionError KeyError TypeError ValueError RuntimeError NotImplementedError LookupError IndexError
    """
)
# Modules of names that programs read: columns and values of tables, keys of session files
NAMES = {"core/report/tables.py", "core/session/migrations.py", "core/session/storage/schema.py"}
ALLOWED = {
    # names in cards and sessions
    "core/detection/look.py": {"light fall", "light tint", "stain density", "stain red", "stain blue"},
    "core/annotations/formats/coco.py": {"Blood cells, exported by SmearCount"},  # in a file for programs
    "core/annotations/formats/imagej.py": {"Type x", "counter x", "group x"},  # names of classes
    "core/annotations/parsing.py": {"no number", "size differs", "size unknown", "points among boxes"},  # to group by
    "core/annotations/formats/points.py": {"type x"},  # names of classes
    "core/classes.py": {
        *("red blood cell", "red blood cells", "red cell", "red cells"),  # names of classes in annotations
        *("white blood cell", "white blood cells", "white cell", "white cells"),
        *("As in the paper", "Colour-blind safe"),  # stored as settings; the menu translates them
    },
    "core/detection/loading.py": {"x by x"},  # the name of a model
    "core/detection/segmentation/classical.py": {"No model: classical"},  # the name of a model
    "core/imaging/containers/jpeg.py": {"Corrupt JPEG data: "},  # of the decoder
    "core/imaging/containers/foreign.py": {"gimp xcf", "JPEG XL", "JPEG XR"},  # of files
    "core/imaging/doubts.py": {"one of several"},  # a value in sessions
    "core/imaging/files/finding.py": {"system volume information"},  # a folder of Windows
    "core/imaging/files/output_mark.py": {"SmearCount output, not a field to count"},  # in a file for programs
    "core/report/formats/xlsx.py": {"cells x"},  # the name of a sheet
    # names of sheets and columns, as in core/report/tables.py
    "core/report/kind_tables.py": {
        "differential figures",
        "kind figures",
        "kind confusion",
        "accepted suggestions",
        "compared with",
        "kinds and truth",
        "kinds and truth confusion",
        "true cells",
        "left out at once",
        "named by both",
        "second readings",
        "would be suggested",
    },
    "core/report/kinds.py": {"left out as no cell"},
    "core/report/pdf/build.py": {"content sha256 x"},  # in a file for programs
    "core/report/pdf/styles.py": {"cell right", "head cell", "head cell right"},  # names of styles
    "core/session/recovery.py": {"unreadable name x"},  # the name of a file
    "core/session/storage/backups.py": {"SmearCount backups"},  # the name of a folder
    "core/session/tables/settings.py": {"threshold x", "origin x", "thresholds x", "span x", "pixels x"},  # keys
    "gui/dialogs/self_check.py": {"x at x", "x x x at x"},  # facts for whoever helps
    "gui/verify/model_table.py": {"xx (x)"},  # numbers
    "gui/widgets/theme.py": {"smearcount styled"},  # the name of a property
}


def bare_strings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of strings that a user reads and nothing translates."""
    tree = ast.parse(source)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        else:
            continue
        shown = _shown(node, parents)
        if shown is None or not re.search("[A-Za-z]{2}", text):
            continue
        if (shown and text[:1].isupper()) or (TWO_WORDS.search(text) and not NOT_LANGUAGE.search(text)):
            yield node.lineno, text


def _shown(node: ast.expr, parents: dict[ast.AST, ast.AST]) -> bool | None:
    """Return True if a call shows the string, None if no user can read it, False if only its words can tell."""
    shown, below, calls = False, node, 0
    while (above := parents.get(below)) is not None:
        if isinstance(above, ast.JoinedStr) or (isinstance(above, ast.Expr) and below is node):
            return None  # a part of another string, a docstring
        if isinstance(above, ast.Call) and below is not above.func:
            name = getattr(above.func, "attr", getattr(above.func, "id", ""))
            owner = getattr(getattr(above.func, "value", None), "id", "")
            if name in NOT_SHOWN or name in FAULTS or owner in ("LOG", "logging"):
                return None
            shown = shown or (calls == 0 and name in SHOWN)
            calls += 1
        if isinstance(above, ast.Compare | ast.match_case | ast.arg | ast.Assert):
            return None
        if isinstance(above, ast.Subscript) and below is above.slice:
            return None
        if isinstance(above, ast.Dict) and below in above.keys:
            return None
        if isinstance(above, ast.AnnAssign) and below is above.annotation:
            return None
        if isinstance(above, ast.stmt):
            return shown
        below = above
    return shown


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_sentence_can_be_translated(path: Path) -> None:
    module = path.relative_to(ROOT).as_posix()
    allowed = ALLOWED.get(module, set())
    bare = [f"line {line}: {text!r}" for line, text in bare_strings(path.read_text("utf-8")) if text not in allowed]
    if module in NAMES:
        bare = [sentence for sentence in bare if sentence.endswith((".'", '."'))]
    assert not bare, "wrap in gettext or ngettext of core.text"


def test_a_bare_sentence_is_found() -> None:
    found = dict(
        bare_strings(
            'def f():\n    """A docstring of words."""\n    QLabel("Close")\n    raise X(f"{p}: no such file")'
        )
    )
    assert found == {3: "Close", 4: "x: no such file"}
    assert not list(bare_strings('QLabel(gettext("Close"))\nLOG.info("opened the session")'))


def test_without_a_catalogue_the_program_speaks_english() -> None:
    assert gettext("Close") == "Close"
    assert [ngettext("{n} image", "{n} images", n).format(n=n) for n in (1, 2)] == ["1 image", "2 images"]


def test_the_sentences_of_a_widget_are_found_for_translators() -> None:
    found = {message for _, message, _, _ in extract_from_file("python", ROOT / "gui/panels/tally.py")}
    assert "Click to mark cells of this class" in found
    one, many, *_ = next(message for message in found if isinstance(message, tuple))
    assert "{n" in one
    assert "{n" in many


@pytest.mark.slow
def test_a_catalogue_translates_the_program(tmp_path: Path) -> None:
    catalogue = Catalog(locale="de")
    english = "print no table and no progress; what speaks against a count is printed always"
    catalogue.add(english, "gibt weder Tabelle noch Fortschritt aus")
    folder = tmp_path / "resources/locale/de/LC_MESSAGES"
    folder.mkdir(parents=True)
    (tmp_path / "resources/__init__.py").touch()
    with (folder / "smearcount.mo").open("wb") as stream:
        write_mo(stream, catalogue)

    def help_in(language: str) -> str:
        paths = os.pathsep.join((str(tmp_path), str(ROOT)))
        environment = {**os.environ, "LANGUAGE": language, "PYTHONPATH": paths, "COLUMNS": "200", "PYTHONUTF8": "1"}
        command = [sys.executable, "-m", "core.cli.run", "--help"]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8").stdout

    assert "gibt weder Tabelle noch Fortschritt aus" in help_in("de")
    assert "print no table and no progress" in help_in("fr")
