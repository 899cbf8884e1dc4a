"""Opens the dialogs and the other windows, and does what they were answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from core.imaging.files.finding import IMAGE_SUFFIXES, too_many_to_open_unasked
from core.models.network import MODEL_SUFFIX
from core.text import gettext, ngettext
from core.version import __version__
from gui.commands.context import Dialog
from gui.dialogs.counting_settings.adapt import PROFILES, AdaptDialog
from gui.dialogs.counting_settings.page import CountingSettings
from gui.dialogs.export import ExportDialog
from gui.dialogs.import_ import ImportDialog
from gui.dialogs.keys.dialog import KeysDialog
from gui.dialogs.kinds.differential import DifferentialDialog
from gui.dialogs.kinds.editor import KindEditor
from gui.dialogs.kinds.teaching import TeachingSetsDialog
from gui.dialogs.opening import OpeningQuestion
from gui.dialogs.preferences.dialog import PreferencesDialog
from gui.dialogs.report.dialog import ReportDialog
from gui.dialogs.report.sign import SignDialog
from gui.workspace.store import SESSION_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from gui.commands.shortcuts import Actions
    from gui.dialogs.guide import GuideWindow
    from gui.preferences import Preferences
    from gui.shell.appearance import Appearance
    from gui.verify.window import VerifyWindow
    from gui.workspace.inference.choice import Recount
    from gui.workspace.workspace import Workspace

_IMAGES = (
    gettext("Images")
    + " ("
    + " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
    + ");;"
    + gettext("All files")
    + " (*)"
)
_SESSIONS = gettext("SmearCount sessions") + f" (*{SESSION_SUFFIX})"


class Dialogs(QObject):
    """Every dialog by its name."""

    image_wanted = Signal(object)  # id
    cell_wanted = Signal(int, int)  # image, cell
    reading_wanted = Signal(str)  # the name of a second differential count

    def __init__(
        self, window: QWidget, workspace: Workspace, preferences: Preferences, actions: Actions, appearance: Appearance
    ) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._preferences = preferences
        self._actions = actions
        self._appearance = appearance
        self.verify: VerifyWindow | None = None
        self.guide: GuideWindow | None = None
        self.counting: CountingSettings | None = None
        self.differential: DifferentialDialog | None = None

        self.adapt: AdaptDialog | None = None
        workspace.profiles.default = preferences.default_profile
        workspace.profiles.look_at_default()
        self._openers: dict[Dialog, Callable[[], None]] = {
            Dialog.OPEN_IMAGES: self._open_images,
            Dialog.OPEN_FOLDER: self._open_folder,
            Dialog.OPEN_SESSION: self._open_session,
            Dialog.COPY_SESSION: self._copy_session,
            Dialog.IMPORT: self._import,
            Dialog.EXPORT: self._export,
            Dialog.SAVE_IMAGE: self._save_image,
            Dialog.SAVE_TABLE: self._save_table,
            Dialog.REPORT: self._report,
            Dialog.SIGN: self._sign,
            Dialog.FIND_MOVED: self._find_moved,
            Dialog.IMPORT_MODEL: self._import_model,
            Dialog.MODEL_CARD: self._show_model_card,
            Dialog.COUNTING_SETTINGS: self._show_counting_settings,
            Dialog.ADAPT: self._show_adapt,
            Dialog.USE_PROFILE: self._use_profile,
            Dialog.VERIFY: self.show_verify,
            Dialog.DIFFERENTIAL: self._show_differential,
            Dialog.TEACHING_SETS: self._show_teaching_sets,
            Dialog.KINDS: self._edit_kinds,
            Dialog.GUIDE: self._show_guide,
            Dialog.KEYS: self._show_keys,
            Dialog.USER: self.ask_for_user,
            Dialog.PREFERENCES: self._show_preferences,
            Dialog.SELF_CHECK: self._check_installation,
            Dialog.ABOUT: self._show_about,
        }
        workspace.choice.recount_wanted.connect(self._ask_to_recount)
        workspace.tally.comparison_wanted.connect(self._show_comparison)

    def open(self, dialog: Dialog) -> None:
        """Open a dialog or a window."""
        self._openers[dialog]()

    def open_paths(self, paths: Sequence[str | Path]) -> None:
        """Open images, folders of images, or a session; very many images only after asking."""
        number = too_many_to_open_unasked(paths)
        if not number:
            self._open(paths)
            return
        text = gettext("Open {n:,} images? They lie in this folder and the folders inside it.").format(n=number)
        self.question = QMessageBox(
            QMessageBox.Icon.Question, gettext("Open images"), text, QMessageBox.StandardButton.Cancel, self._window
        )
        self.question.addButton(gettext("Open them"), QMessageBox.ButtonRole.AcceptRole)
        self.question.accepted.connect(lambda: self._open(paths))
        self.question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.question.open()

    def _open(self, paths: Sequence[str | Path]) -> None:
        """Ask where images belong if that is not clear, and open them."""
        opening = self._workspace.opening
        found = opening.look(paths)
        if not found.images or not (opening.has_sample or found.earlier is not None):
            opening.take(found)
            return
        self.where = OpeningQuestion(found, self._workspace.sample if opening.has_sample else None, self._window)
        self.where.answered.connect(lambda into: opening.take(found, into))
        self.where.open()

    # -- files ---------------------------------------------------------------------------------

    def _open_images(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self._window, gettext("Open images"), self._preferences.folder, _IMAGES)
        if names:
            self._preferences.folder = str(Path(names[0]).parent)
            self.open_paths(names)

    def _open_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self._window, gettext("Open a folder of images"), self._preferences.folder
        )
        if name:
            self._preferences.folder = name
            self.open_paths([name])

    def _open_session(self) -> None:
        start = str(self._workspace.store.folder)
        name, _ = QFileDialog.getOpenFileName(self._window, gettext("Open a session"), start, _SESSIONS)
        if name:
            self._workspace.store.open(Path(name))

    def _copy_session(self) -> None:
        session = self._workspace.store.path
        if session is None:
            return
        start = session.with_name(gettext("{name} copy").format(name=session.stem) + SESSION_SUFFIX)
        path = self._save_as(gettext("Save a copy of the session"), start, _SESSIONS, SESSION_SUFFIX)
        if path is not None:
            self._workspace.store.copy_to(path)

    def _find_moved(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self._window, gettext("Where are the missing images now?"), self._preferences.folder
        )
        if name:
            self._workspace.opening.find_moved(Path(name))

    def _import_model(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            gettext("Import a model"),
            self._preferences.folder,
            gettext("Models") + f" (*{MODEL_SUFFIX})",
        )
        if name:
            self._workspace.choice.use(Path(name))

    def _ask_to_recount(self, recount: Recount) -> None:
        """Ask before another model or counting method counts images again."""
        text = ngettext("Count {n:,} image again {how}?", "Count {n:,} images again {how}?", recount.images)
        box = QMessageBox(
            QMessageBox.Icon.Question,
            gettext("Count again"),
            text.format(n=recount.images, how=recount.how),
            QMessageBox.StandardButton.Cancel,
            self._window,
        )
        box.setInformativeText(
            gettext("Your corrections and the present counts are kept: undo (Ctrl+Z) brings them back.")
        )
        box.setDefaultButton(box.addButton(gettext("Count again"), QMessageBox.ButtonRole.AcceptRole))
        box.accepted.connect(recount.go)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _save_image(self) -> None:
        current = self._workspace.images.current
        if current is None:
            return
        start = Path(self._preferences.folder or current.path.parent) / f"{current.path.stem}_counted.png"
        kinds = gettext("PNG (*.png);;JPEG (*.jpg);;TIFF (*.tif)")
        path = self._save_as(gettext("Save the image with its boxes"), start, kinds, ".png")
        if path is not None:
            self._workspace.saving.save_image(path, self._preferences.palette)

    def _save_table(self) -> None:
        start = Path(self._preferences.folder or ".") / "counts.csv"
        path = self._save_as(gettext("Save the counts of all images"), start, gettext("CSV (*.csv)"), ".csv")
        if path is not None:
            self._workspace.saving.save_table(path)

    def _save_as(self, title: str, start: Path, kinds: str, suffix: str) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self._window, title, str(start), kinds)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix(suffix)

    # -- annotations and reports ---------------------------------------------------------------

    def _import(self) -> None:
        problem = self._workspace.importer.problem()
        if problem:
            self._workspace.messages.warning(problem)
        else:
            ImportDialog(self._workspace, self._preferences, self._window).open()

    def _export(self) -> None:
        ExportDialog(self._workspace, self._preferences, self._window).open()

    def _report(self) -> None:
        if self._workspace.store.is_open:
            ReportDialog(self._workspace, self._preferences, self._window).open()
        else:
            self._workspace.messages.info(gettext("There is nothing to report yet; open images first."))

    def _sign(self) -> None:
        if self._workspace.store.writable:
            SignDialog(self._workspace, parent=self._window).open()

    # -- windows and questions -----------------------------------------------------------------

    def ask_for_user(self) -> None:
        """Ask for the name that signs edits; an empty answer leaves it as it is."""
        store = self._workspace.store
        proposed = store.user
        name, _ = QInputDialog.getText(
            self._window,
            gettext("Your name"),
            gettext("What you change and sign is kept with this name."),
            text=proposed,
        )
        if name.strip():
            store.user = self._preferences.person = name.strip()

    def show_verify(self) -> None:
        """Show the window that verifies the counts against manual counts, beside the main window."""
        from gui.verify.window import VerifyWindow  # not at the start: its plots take a while to load

        if self.verify is None:
            self.verify = VerifyWindow(self._workspace, self._preferences)
            self.verify.import_wanted.connect(self._import)
            self.verify.images_wanted.connect(self.come_forward)
            self.verify.image_wanted.connect(self._show_image)
            self.verify.count_wanted.connect(self._count_by_hand)
            self.verify.place_beside(self._window)
            self.verify.addActions([self._actions["undo"], self._actions["redo"]])
        _show(self.verify)

    def come_forward(self) -> None:
        """Bring the main window to the front."""
        self._window.raise_()
        self._window.activateWindow()

    def _show_image(self, image: int) -> None:
        self.image_wanted.emit(image)
        self.come_forward()

    def _show_comparison(self, image: int) -> None:
        """Show an image that was counted by hand beside the program's count."""
        self.show_verify()
        if self.verify is not None:
            self.verify.pages.setCurrentWidget(self.verify.comparison_page)
            self.verify.comparison_page.go_to(image)

    def _count_by_hand(self, image: int | None) -> None:
        """Begin a manual count of an image, or of the one that is shown."""
        if image is not None:
            self._workspace.images.set_current(image)
        self.come_forward()
        if not self._workspace.tally.active:
            self._actions["tally"].trigger()

    def close(self) -> None:
        """Close the other windows for good."""
        if self.verify is not None:
            self.verify.close_down()

    def _show_counting_settings(self) -> None:
        if self.counting is None:
            self.counting = CountingSettings(self._workspace, self._actions, self._preferences, self._window)
            self.counting.import_wanted.connect(self._import_model)
        _show(self.counting)

    def _show_differential(self) -> None:
        if self.differential is None:
            self.differential = DifferentialDialog(self._workspace, self._window)
            self.differential.cell_wanted.connect(self.cell_wanted)
            self.differential.reading_wanted.connect(self.reading_wanted)
            self.differential.addActions([self._actions["undo"], self._actions["redo"]])
        _show(self.differential)

    def _show_teaching_sets(self) -> None:
        TeachingSetsDialog(self._workspace, self._preferences, self._window).open()

    def _edit_kinds(self) -> None:
        KindEditor(self._workspace, self._window).open()

    def _show_adapt(self) -> None:
        if self.adapt is None:
            self.adapt = AdaptDialog(self._workspace, self._actions, self._preferences, self._window)
            self.adapt.default_chosen.connect(self._set_default_profile)
        _show(self.adapt)

    def _use_profile(self) -> None:
        start = self._preferences.profile or str(self._workspace.store.folder)
        name, _ = QFileDialog.getOpenFileName(self._window, gettext("Use a profile"), start, PROFILES)
        if name:
            self._workspace.profiles.use(Path(name))

    def _set_default_profile(self, path: Path | None) -> None:
        """Count new samples by a profile, or as the model suggests."""
        self._preferences.profile = "" if path is None else str(path)
        self._workspace.profiles.default = path

    def _show_model_card(self) -> None:
        self._show_counting_settings()
        if self.counting is not None:
            self.counting.show_model()

    def _show_guide(self) -> None:
        from gui.dialogs.guide import GuideWindow

        if self.guide is None:
            self.guide = GuideWindow(self._window)
        _show(self.guide)

    def _show_keys(self) -> None:
        KeysDialog(self._actions, self._window).exec()

    def _show_preferences(self) -> None:
        dialog = PreferencesDialog(self._workspace, self._preferences, self._window)
        dialog.palette_chosen.connect(self._appearance.set_palette)
        dialog.theme_chosen.connect(self._appearance.set_theme)
        dialog.profile_chosen.connect(self._set_default_profile)
        dialog.keys_wanted.connect(self._show_keys)
        dialog.open()

    def _check_installation(self) -> None:
        from gui.dialogs.self_check import SelfCheckDialog

        SelfCheckDialog(self._workspace.inference.model, self._window).open()

    def _show_about(self) -> None:
        QMessageBox.about(
            self._window,
            gettext("About SmearCount"),
            f"SmearCount {__version__}\n\n"
            + gettext("Counts red cells, white cells and platelets in images of blood smears.")
            + "\n\n"
            + gettext(
                "It is not a medical device: a person checks every count, signs the result and is responsible for it."
            ),
        )


def _show(window: QWidget) -> None:
    window.show()
    window.raise_()
    window.activateWindow()
