"""The workspace: makes the services of the window and connects them; it decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from gui.workspace.conflicts import Conflicts
from gui.workspace.counting.counts import Counts
from gui.workspace.counting.estimates import Estimates
from gui.workspace.counting.regions import Regions
from gui.workspace.counting.scores import ScoreHistograms
from gui.workspace.counting.settings import CountSettingsModel
from gui.workspace.editing import Editing
from gui.workspace.exchange.exporting import Exporter
from gui.workspace.exchange.importing import Importer
from gui.workspace.exchange.preview import ReportPreview
from gui.workspace.exchange.reporting import Reporting
from gui.workspace.exchange.saving import Saving
from gui.workspace.ground_truth import GroundTruths
from gui.workspace.history import History
from gui.workspace.images import Images
from gui.workspace.inference.choice import ModelChoice
from gui.workspace.inference.inference import Inference
from gui.workspace.inference.preview import Previews
from gui.workspace.kinds.kinds import Kinds
from gui.workspace.messages import Messages
from gui.workspace.opening import Opening
from gui.workspace.review.duplicates import Duplicates
from gui.workspace.review.likeness import SampleLikeness
from gui.workspace.review.quality import FieldQualities
from gui.workspace.review.reviews import Reviews
from gui.workspace.sample import Sample
from gui.workspace.selection import Selection
from gui.workspace.sign_off import SignOffs
from gui.workspace.store import SessionStore
from gui.workspace.tally import Tally
from gui.workspace.verification.adapting import Adapting
from gui.workspace.verification.comparison import ModelComparison
from gui.workspace.verification.fixes import Fixes
from gui.workspace.verification.kinds import KindTruths
from gui.workspace.verification.manual_counts import ManualCounts
from gui.workspace.verification.profiles import Profiles
from gui.workspace.verification.sample_note import SampleNotes
from gui.workspace.verification.thresholds import VerifiedThresholds
from gui.workspace.verification.verifier import Verifier

if TYPE_CHECKING:
    from pathlib import Path


class Workspace(QObject):
    """The application without a widget.

    Services are made in the order of who needs whom: each gets in its constructor what is above it, and none knows
    the workspace. What one of them changes goes out as signals that carry ids; edits are recorded by ``history``,
    which every service listens to.
    """

    def __init__(self, model: Path, sessions: Path, user: str = "", parent: QObject | None = None) -> None:
        """``model`` is opened in the background; ``sessions`` is the folder in which new session files are made."""
        super().__init__(parent)
        self.messages = Messages(self)
        self.store = SessionStore(sessions, user, self.messages, self)
        self.history = History(self.store, self)
        self.conflicts = Conflicts(self.store, self)
        self.images = Images(self.store, self.history, self.messages, self)
        self.settings = CountSettingsModel(self.store, self.history, self)
        self.counts = Counts(self.store, self.history, self.images, self.settings, self.messages, self)
        self.scores = ScoreHistograms(self.images, self.settings, self.counts, self)
        self.selection = Selection(self.images, self)
        self.regions = Regions(self.history, self.images, self.counts, self.messages, self)
        self.quality = FieldQualities(self.store, self.images, self.settings, self.counts, self)
        self.likeness = SampleLikeness(self.store, self.images, self.counts, self)
        self.duplicates = Duplicates(self.store, self.images, self)
        self.reviews = Reviews(self.store, self.images, self.counts, self)
        self.truths = GroundTruths(self.store, self.history, self.counts, self)
        self.editing = Editing(
            self.store,
            self.history,
            self.images,
            self.settings,
            self.counts,
            self.selection,
            self.reviews,
            self.truths,
            self,
        )
        self.tally = Tally(
            self.store, self.history, self.images, self.settings, self.counts, self.truths, self.messages, self
        )
        self.estimates = Estimates(
            self.store, self.history, self.images, self.settings, self.counts, self.messages, self
        )
        self.sign_offs = SignOffs(self.store, self.history, self.images, self.settings, self.counts, self)
        self.kinds = Kinds(
            self.store, self.history, self.images, self.settings, self.counts, self.editing, self.messages, self
        )
        self.inference = Inference(
            self.store,
            self.history,
            self.images,
            self.settings,
            self.counts,
            self.conflicts,
            self.messages,
            self,
        )
        self.inference.replaced.connect(self.kinds.typed.carry_over)
        self.previews = Previews(self.images, self.inference, self)
        self.sample = Sample(self.store, self.history, self.images, self.reviews, self.sign_offs, self.inference, self)
        self.choice = ModelChoice(self.store, self.images, self.inference, self)
        self.profiles = Profiles(
            self.store,
            self.history,
            self.images,
            self.settings,
            self.inference,
            self.choice,
            self.messages,
            self,
        )
        self.notes = SampleNotes(self.likeness, self.profiles, self.tally, self)
        self.opening = Opening(self.store, self.images, self.inference, self.profiles, self.messages, self)
        self.saving = Saving(self.store, self.images, self.settings, self.counts, self.quality, self.inference, self)
        self.exporter = Exporter(self.store, self.images, self.settings, self.counts, self.reviews, self.messages, self)
        self.importer = Importer(
            self.store,
            self.history,
            self.images,
            self.settings,
            self.counts,
            self.editing,
            self.truths,
            self.messages,
            self,
        )
        self.reporting = Reporting(self.store, self.settings, self)
        self.preview = ReportPreview(self.store, self.history, self.images, self.settings, self.counts, self)
        self.manual_counts = ManualCounts(self.store, self.images, self.settings, self.counts, self.truths, self)
        self.verifier = Verifier(
            self.store, self.images, self.settings, self.counts, self.truths, self.inference, self.messages, self
        )
        self.kind_truths = KindTruths(self.verifier, self.kinds, self)
        self.comparison = ModelComparison(
            self.store, self.images, self.inference, self.choice, self.verifier, self.messages, self
        )
        self.verified_thresholds = VerifiedThresholds(self.store, self.history, self.settings, self.inference, self)
        self.adapting = Adapting(
            self.store,
            self.images,
            self.settings,
            self.counts,
            self.truths,
            self.inference,
            self.verified_thresholds,
            self.profiles,
            self.messages,
            self,
        )
        self.fixes = Fixes(self.store, self.images, self.editing, self)
        self.inference.queue.open_model(model)

    def close(self) -> None:
        """End the threads and close the session; the workspace cannot be used afterwards."""
        self.quality.close()
        self.kinds.close()
        self.adapting.close()
        self.profiles.close()
        self.verifier.close()
        self.kind_truths.close()
        self.preview.close()
        self.comparison.close()
        self.previews.close()
        self.inference.close()
        self.store.shut()
