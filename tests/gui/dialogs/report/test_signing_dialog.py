"""Signing from the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.dialogs.report.sign import SignDialog
from tests.gui.workspace.kinds.kinds_steps import counted_cells

if TYPE_CHECKING:
    from tests.gui.dialogs.report.report_bench import Bench


def test_a_sign_off_is_superseded_by_an_edit_and_holds_again_when_it_is_undone(bench: Bench):
    window, workspace = bench.window, bench.window.workspace
    dialog = bench.open()
    assert dialog.state.text().startswith("Not signed.")
    bench.sign(dialog)
    assert not dialog.sign_button.isEnabled()
    dialog.reject()
    assert workspace.store.session is not None
    assert [one.user for one in workspace.store.session.sign_offs.all()] == ["Ada Byron"]
    bench.qtbot.waitUntil(lambda: window.head.state.accessibleName() == "Signed by Ada Byron", timeout=10_000)
    number = workspace.editing.add_cell("WBC", (10, 10, 60, 60))
    assert number is not None
    bench.qtbot.waitUntil(lambda: "Superseded" in window.head.state.accessibleName(), timeout=10_000)
    dialog = bench.open()
    assert dialog.state.text().startswith("Superseded: Ada Byron signed on")
    assert dialog.sign_button.isEnabled()
    dialog.reject()
    workspace.history.undo()
    bench.qtbot.waitUntil(lambda: window.head.state.accessibleName() == "Signed by Ada Byron", timeout=10_000)
    workspace.settings.set_threshold("RBC", 0.8)
    bench.qtbot.waitUntil(lambda: "Superseded" in window.head.state.accessibleName(), timeout=10_000)
    workspace.store.close()
    bench.qtbot.waitUntil(lambda: window.head.state.accessibleName() == "", timeout=10_000)


def test_who_signs_is_told_what_nobody_reviewed(bench: Bench):
    workspace = bench.window.workspace
    total = len(workspace.images.items)
    workspace.editing.mark_reviewed(True)
    workspace.settings.set_threshold("RBC", 0.98)
    workspace.store.flush()
    bench.sign(bench.open())
    assert total == 2
    assert bench.points.splitlines() == [
        "The sample has no id.",
        "Nobody has reviewed 1 image.",
        "1 image was reviewed before its count changed.",
    ]


def test_who_signs_is_told_of_poor_fields_and_of_estimates_that_contradict_each_other(bench: Bench):
    workspace = bench.window.workspace
    workspace.settings.set_threshold("RBC", 1.0)
    workspace.store.flush()
    dialog = bench.open()
    bench.sign(dialog)
    dialog.reject()
    assert "2 fields are Poor." in bench.points.splitlines()
    workspace.history.undo()
    workspace.estimates.set_input("analyser_rbc", 9.0)
    workspace.estimates.set_input("field_factor", 0.001)
    bench.sign(bench.open())
    assert "2 fields are Poor." not in bench.points.splitlines()
    assert "differ so much that one of the values they are made of must be wrong" in bench.points


def test_another_sample_is_another_content(bench: Bench):
    dialog = bench.open()
    bench.sign(dialog)
    dialog.sample.id.setText("other")
    assert dialog.state.text().startswith("Superseded")
    dialog.sample.id.setText("")
    assert dialog.state.text().startswith("Signed by")
    dialog.reject()


def test_what_is_signed_is_superseded_at_once_when_a_threshold_moves(bench: Bench):
    workspace = bench.window.workspace
    bench.window.actions_["sign"].trigger()
    bench.sign_in(lambda: bench.window.findChild(SignDialog))
    bench.qtbot.waitUntil(lambda: workspace.sign_offs.text == "Signed by Ada Byron", timeout=10_000)
    workspace.settings.set_threshold("RBC", 0.8)
    assert workspace.sign_offs.superseded
    assert workspace.sign_offs.text == "Superseded: signed by Ada Byron"


def test_who_signs_is_told_of_the_differential_count(bench: Bench):
    """Its cells and kinds, that the target is not reached, and that erythroblasts are among the white cells."""
    workspace = bench.window.workspace
    kinds = workspace.kinds
    assert kinds.tree.add_ready_set("WBC")
    [item, *_] = workspace.images.items
    chosen = counted_cells(workspace, item.id, "RBC")[:4]
    for cell, kind in zip(chosen, ("lymphocyte", "lymphocyte", "band-neutrophil", "erythroblast"), strict=True):
        assert kinds.typed.give([cell], kind)
    totals = workspace.counts.totals
    assert totals is not None
    bench.window.actions_["sign"].trigger()
    dialog = bench.window.findChild(SignDialog)
    assert dialog is not None
    bench.qtbot.waitUntil(dialog.sign_button.isEnabled, timeout=10_000)
    white = totals["WBC"]
    assert dialog.differential.text().splitlines() == [
        "Differential 3 of 100 · Neutrophil 33 % (1 to 91) · Lymphocyte 67 % (9 to 99)",
        f"WBC {white} includes 1 erythroblast; without it {white - 1}.",
    ]
    assert "The differential count has 3 of 100 white cells." in dialog.open_points.text().splitlines()
    assert f"{white - 4} of {white} WBC have no confirmed kind." in dialog.open_points.text().splitlines()
    dialog.reject()


def test_what_is_signed_says_which_counts(bench: Bench):
    totals = bench.window.workspace.counts.totals
    assert totals is not None
    bench.window.actions_["sign"].trigger()
    dialog = bench.window.findChild(SignDialog)
    assert dialog is not None
    bench.qtbot.waitUntil(dialog.sign_button.isEnabled, timeout=10_000)
    assert " · ".join(f"{name} {count:,}" for name, count in totals.items()) in dialog.counts.text()
    dialog.name.clear()
    assert not dialog.sign_button.isEnabled()
    dialog.reject()
