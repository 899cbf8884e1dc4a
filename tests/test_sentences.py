"""Every sentence that a user reads can be translated: no bare string in a widget, message, error or report."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for room in ("core", "gui") for path in (ROOT / room).rglob("*.py"))

TWO_WORDS = re.compile(r"[A-Za-z']{2,}[,:;]? +[A-Za-z'(]")
NOT_LANGUAGE = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|WHERE|BEGIN|REPLACE|ORDER|VACUUM|ATTACH|ALTER|JOIN|FROM|DROP|AND|ON)\b"
    r"|[{};]\s*$|:\s*\S+;|<svg"  # SQL, style sheets, drawings
)
SHOWN = {  # calls that show their first argument, even if it is a single word
    *(
        "QLabel",
        "QPushButton",
        "QToolButton",
        "QCheckBox",
        "QRadioButton",
        "QGroupBox",
        "QAction",
        "QMenu",
        "QDockWidget",
    ),
    *("setText", "setToolTip", "setWindowTitle", "setPlaceholderText", "setStatusTip", "setAccessibleName", "setTitle"),
    *("addMenu", "addTab", "setTabText", "addButton", "setInformativeText", "showMessage"),
}
NOT_SHOWN = {  # calls whose arguments no user reads
    *(
        "getLogger",
        "debug",
        "compile",
        "sub",
        "match",
        "search",
        "fullmatch",
        "setObjectName",
        "setProperty",
        "property",
    ),
    *(
        "setStyleSheet",
        "startswith",
        "endswith",
        "split",
        "encode",
        "decode",
        "setValue",
        "strftime",
        "cast",
        "TypeVar",
    ),
    *(
        "Signal",
        "Slot",
        "findChild",
        "select",
        "rows",
        "row",
        "execute",
        "executescript",
        "connect",
        "environ",
        "gettext",
    ),
    *("ngettext", "replace", "find", "count", "index", "partition", "rpartition", "setattr", "getattr", "TaskThread"),
}
FAULTS = {"AssertionError", "KeyError", "TypeError", "RuntimeError", "NotImplementedError", "LookupError", "IndexError"}
ALLOWED: dict[str, set[str]] = {
    # module -> strings of two words or more that are no sentences
}


def bare_strings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of strings that a user reads and nothing translates."""
    tree = ast.parse(source)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
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
        if isinstance(above, ast.Compare | ast.match_case | ast.arg):
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
    allowed = ALLOWED.get(path.relative_to(ROOT).as_posix(), set())
    bare = [f"line {line}: {text!r}" for line, text in bare_strings(path.read_text("utf-8")) if text not in allowed]
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
