"""The laboratory's profile: one edit that can be undone, what is refused, and what new samples begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMessageBox

from core.counting.frame import EdgeRule
from core.detection.segmentation.classical import CLASSICAL
from core.verification.profile import Profile, write_profile
from gui.commands.context import View
from gui.workspace.images import State
from gui.workspace.messages import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences
    from gui.shell.window import MainWindow
    from gui.workspace.messages import Offer

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    WaitCounted = Callable[[MainWindow], None]


@pytest.fixture
def counted(window: MainWindow, make_smear: MakeSmear, wait_counted: WaitCounted) -> MainWindow:
    window.workspace.opening.open([make_smear(f"{seed}.png", seed)[0] for seed in (1, 2)])
    wait_counted(window)
    return window


def written(window: MainWindow, path: Path, **changes: object) -> Profile:
    """Write a profile for the window's model that counts at 0.61 and leaves cells at two sides out."""
    model = window.workspace.inference.model
    assert model is not None
    values: dict[str, object] = {
        "name": "Ward 3",
        "model_name": model.card.name,
        "model_sha256": model.sha256,
        "thresholds": dict.fromkeys(model.card.classes, 0.61),
        "nms_iou": 0.4,
        "edge_rule": EdgeRule.TOP_LEFT,
        "user": "Berta",
    }
    profile = Profile(**{**values, **changes})  # pyright: ignore[reportArgumentType]
    write_profile(path, profile)
    return profile


def used(window: MainWindow, qtbot: QtBot, path: Path) -> None:
    """Drop a profile on the window."""
    window.dialogs.open_paths([path])
    qtbot.waitUntil(lambda: window.workspace.profiles.in_use is not None)


def said(window: MainWindow) -> list[str]:
    """Return a list that will hold what the window is told."""
    texts: list[str] = []
    window.workspace.messages.posted.connect(lambda _level, text: texts.append(text))
    return texts


def test_a_profile_is_one_edit_that_can_be_undone(counted: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path, workspace = tmp_path / "ward.smearprofile", counted.workspace
    before = workspace.settings.value
    profile = written(counted, path)
    used(counted, qtbot, path)
    assert workspace.settings.value == profile.settings
    assert workspace.profiles.text == "Profile: Ward 3"
    assert workspace.history.lines()[0].text.startswith("Profile Ward 3 (")
    assert "RBC 0.44 to 0.61" in workspace.history.lines()[0].text
    workspace.history.undo()
    assert workspace.settings.value == before
    assert workspace.profiles.text == ""
    workspace.history.redo()
    assert workspace.settings.value == profile.settings
    assert workspace.profiles.text == "Profile: Ward 3"


def test_a_sample_says_that_it_is_no_longer_counted_as_its_profile_says(
    counted: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path, workspace = tmp_path / "ward.smearprofile", counted.workspace
    written(counted, path)
    used(counted, qtbot, path)
    note = counted.review.panel.sample_note
    assert note.note == "Profile: Ward 3"
    workspace.settings.set_threshold("WBC", 0.3)
    assert note.note == "Profile: Ward 3, changed"
    assert "WBC 0.30 instead of 0.61" in note.toolTip()
    counted.show_view(View.RESULTS)
    assert counted.results.panel.side.note.note == "Profile: Ward 3, changed"
    workspace.history.undo()
    assert note.note == "Profile: Ward 3"


@pytest.mark.slow
def test_another_cell_size_counts_again_after_consent_and_undo_brings_the_sizes_back(
    counted: MainWindow, qtbot: QtBot, tmp_path: Path, wait_counted: WaitCounted, make_smear: MakeSmear
) -> None:
    path, workspace = tmp_path / "ward.smearprofile", counted.workspace
    written(counted, path, red_cell_diameter=58.0)
    counted.dialogs.open_paths([path])
    qtbot.waitUntil(lambda: any(box.isVisible() for box in counted.findChildren(QMessageBox)))
    box = next(box for box in counted.findChildren(QMessageBox) if box.isVisible())
    assert box.text() == "Count 2 images again with the profile “Ward 3”?"
    assert workspace.profiles.in_use is None
    box.accept()
    wait_counted(counted)
    assert [item.diameter for item in workspace.images.items] == [58, 58]
    assert all(workspace.counts.cells(item.id).found.by_hand == 58 for item in workspace.images.items)  # pyright: ignore[reportOptionalMemberAccess]
    workspace.images.add([make_smear("later.png", 3)[0]])
    wait_counted(counted)
    assert workspace.images.items[-1].diameter == 58
    for _ in range(2):
        workspace.history.undo()
    assert [item.diameter for item in workspace.images.items] == [None] * 3
    assert workspace.profiles.in_use is None
    wait_counted(counted)


def test_the_profile_of_another_model_is_refused_and_changes_nothing(
    counted: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path, workspace, texts = tmp_path / "ward.smearprofile", counted.workspace, said(counted)
    before = workspace.settings.value
    written(counted, path, model_sha256="ab" * 32, model_name="Ward model")
    counted.dialogs.open_paths([path])
    qtbot.waitUntil(lambda: bool(texts))
    assert "made for the model Ward model" in texts[0]
    assert "Import that model" in texts[0]
    assert workspace.settings.value == before
    assert workspace.profiles.in_use is None


def test_the_model_of_a_profile_is_offered_if_the_program_has_it(
    counted: MainWindow, qtbot: QtBot, tmp_path: Path, wait_counted: WaitCounted
) -> None:
    path, workspace = tmp_path / "ward.smearprofile", counted.workspace
    profile = written(counted, path)
    counted.workspace.choice.recount_wanted.connect(lambda recount: recount.go())
    workspace.choice.use(Path(CLASSICAL))
    qtbot.waitUntil(lambda: workspace.inference.model is not None and str(workspace.inference.model.path) == CLASSICAL)
    wait_counted(counted)
    offers: list[Offer] = []
    workspace.messages.offered.connect(offers.append)
    counted.dialogs.open_paths([path])
    qtbot.waitUntil(lambda: bool(offers))
    assert offers[0].label == "Use that model"
    offers[0].act()
    qtbot.waitUntil(lambda: workspace.profiles.in_use is not None, timeout=30_000)
    assert workspace.settings.value == profile.settings
    wait_counted(counted)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"\x00\xff", "no profile, or it is damaged"), (b'{"schema": 99}', "newer version"), (None, "cannot be read")],
)
def test_a_file_that_cannot_be_used_is_named_with_the_remedy(
    counted: MainWindow, qtbot: QtBot, tmp_path: Path, content: bytes | None, says: str
) -> None:
    path, texts = tmp_path / "ward.smearprofile", said(counted)
    if content is not None:
        path.write_bytes(content)
    counted.workspace.profiles.use(path)
    qtbot.waitUntil(lambda: bool(texts))
    assert str(path) in texts[0]
    assert says in texts[0]


def test_a_profile_without_a_sample_says_what_to_do(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path, texts = tmp_path / "ward.smearprofile", said(window)
    written(window, path)
    window.dialogs.open_paths([path])
    assert "open images first" in texts[0]


# -- new samples ----------------------------------------------------------------------------------


def test_new_samples_begin_with_the_default_profile(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    path, workspace = tmp_path / "ward.smearprofile", window.workspace
    profile = written(window, path, red_cell_diameter=58.0)
    workspace.profiles.default = path
    window.dialogs.open_paths([make_smear("1.png", 1)[0]])
    qtbot.waitUntil(lambda: workspace.profiles.in_use is not None)
    wait_counted(window)
    assert workspace.settings.value == profile.settings
    assert workspace.images.items[0].diameter == 58
    assert workspace.profiles.text == "Profile: Ward 3"


def test_a_default_profile_that_has_vanished_is_said_where_the_numbers_are(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    path, workspace = tmp_path / "share" / "ward.smearprofile", window.workspace
    levels: list[Level] = []
    workspace.messages.posted.connect(lambda level, _text: levels.append(level))
    workspace.profiles.default = path
    window.dialogs.open_paths([make_smear("1.png", 1)[0]])
    wait_counted(window)
    qtbot.waitUntil(lambda: bool(workspace.profiles.problem))
    assert levels == [Level.WARNING]
    assert workspace.images.items[0].state is State.COUNTED
    note = window.review.panel.sample_note
    assert note.note == "Profile not used"
    assert str(path) in note.toolTip()
    assert "counted as the model suggests" in note.toolTip()
    assert "Without the laboratory's profile" in workspace.history.lines()[0].text
    session = workspace.store.path
    assert session is not None
    workspace.store.close()
    assert note.note == ""
    workspace.store.open(session)
    assert note.note == "Profile not used"
    assert workspace.profiles.in_use is None


@pytest.fixture
def gone(preferences: Preferences, tmp_path: Path) -> Path:
    """Have new samples counted by a profile that is not there."""
    path = tmp_path / "share" / "ward.smearprofile"
    preferences.profile = str(path)
    return path


def test_a_default_profile_that_is_gone_is_said_as_the_program_starts(
    gone: Path, window: MainWindow, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: window.notice.label.text().startswith(f"{gone}: the laboratory's profile is not there"))
    assert window.notice.isVisible()
    assert window.notice.label.text().endswith("put it back, or choose another one in Preferences.")
    assert window.notice.label.text().count(". ") == 0  # one sentence
