"""Kinds of cells in a session: what users confirmed, what is suggested besides, and the differential count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from core.kinds.cells import DescribedImage, called_no_cell, kind_cells, sample_cells
from core.kinds.differential import DifferentialInputs, differential, differential_class, open_cells
from core.kinds.teaching_set import TeachingSetError, reopen
from core.kinds.tree import NO_CELL, KindError, KindTree
from core.statistics.kappa import kappa
from core.text import gettext
from core.verification.kinds import NamedCell, kind_truths, matched_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.cells import CellChange
    from core.counting.count import CountSettings
    from core.counting.pipeline import CountedImage
    from core.kinds.cells import KindCells, SampleCells
    from core.kinds.differential import Differential
    from core.kinds.figures import Figures
    from core.kinds.teaching_set import TeachingSet, UsedSet
    from core.session.session import Session
    from core.statistics.kappa import Kappa
    from core.verification.cases import Case
    from core.verification.kinds import KindTruth

_IOU = 0.5  # as for the other figures of a report


@dataclass(frozen=True)
class KindRow:
    """One kind of a class, "" for unsure: so many cells are ``confirmed`` by users, and so many more ``suggested``."""

    class_name: str
    kind: str
    name: str
    confirmed: int
    suggested: int


@dataclass(frozen=True, eq=False)
class ReadingRow:
    """A second reading of the white cells: by whom, how many ``cells`` both named, and how they agree."""

    name: str
    cells: int
    kappa: Kappa | None


@dataclass(frozen=True, eq=False)
class SessionKinds:
    """Kinds in a session that has any.

    ``sorted_by``: the teaching set that sorted it, "" without one; ``problem`` says why suggestions are without it.
    ``figures``: class name -> how well its kinds are told apart. ``left_out``: class name -> how many cells were left
    out of its count as no cells. ``truths``: the confirmed kinds against the ground truth and second readings.
    ``no_cells``: class name -> how many cells users called no cell.
    """

    tree: KindTree
    inputs: DifferentialInputs
    rows: tuple[KindRow, ...]
    class_name: str | None
    differential: Differential | None
    sorted_by: str = ""
    problem: str = ""
    figures: Mapping[str, Figures] = field(default_factory=dict[str, "Figures"])
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])
    readings: tuple[ReadingRow, ...] = ()
    truths: tuple[KindTruth, ...] = ()
    no_cells: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def classes(self) -> tuple[str, ...]:
        """The counted classes that have kinds."""
        return tuple(dict.fromkeys(row.class_name for row in self.rows))

    @property
    def signed(self) -> list[object]:
        """What a sign-off covers of them, see ``signed_kinds``."""
        return signed_kinds(self.tree, self.inputs)

    @property
    def erythroblasts(self) -> int:
        """How many of the counted white cells users called erythroblasts."""
        return 0 if self.differential is None else self.differential.nucleated_red_cells

    @property
    def suggested_white_cells(self) -> int:
        """How many white cells, erythroblasts aside, are suggested as a kind that nobody has confirmed."""
        name = self.class_name or ""
        suggested = {row.kind: row.suggested for row in self.rows if row.class_name == name}
        return open_cells(suggested, self.tree, name)[0]

    @property
    def white_cells(self) -> Differential | None:
        """The differential count, if any white cell was confirmed."""
        return self.differential if self.differential is not None and self.differential.cells else None


def signed_kinds(tree: KindTree, inputs: DifferentialInputs) -> list[object]:
    """Return what a sign-off covers of kinds besides those of the cells; nothing without kinds."""
    if not tree.kinds:
        return []
    return [[[kind.key, kind.parent, kind.role.value] for kind in tree.kinds], msgspec.to_builtins(inputs)]


class KindsGatherer:
    """Gathers the kinds of a session image by image.

    Suggestions are computed again from what the session keeps of its cells: they are those of the window.
    """

    def __init__(self, session: Session, classes: tuple[str, ...]) -> None:
        """Read the tree; raises ValueError if the session's settings of kinds are damaged."""
        self._session = session
        self._classes = classes
        try:
            self.tree = session.settings.kinds()
        except KindError as error:
            raise ValueError(str(error)) from error
        self.inputs = session.settings.differential_inputs()
        self._used: UsedSet | None = session.settings.teaching_set()
        self._described: dict[str, list[DescribedImage]] = {}
        self._counted: dict[int, frozenset[int]] = {}
        self._confirmed: Counter[tuple[str, str]] = Counter()
        self._left_out: Counter[str] = Counter()
        self._no_cells: Counter[str] = Counter()
        self._both: dict[str, list[NamedCell]] = {name: [] for name in session.edits.readings()}
        self._matched: dict[str, list[NamedCell]] = {}

    @property
    def signed(self) -> list[object]:
        """What a sign-off covers of them, see ``signed_kinds``."""
        return signed_kinds(self.tree, self.inputs)

    def add(self, image: int, counted: CountedImage, changes: Mapping[int, CellChange]) -> dict[int, str]:
        """Take the cells of an image; return the kinds of those that count, by a user's word."""
        for name, row in counted.result.ledger.items():
            self._left_out[name] += row.left_out
        if not self.tree.kinds:
            return {}
        typed = self._session.edits.kinds(image)
        self._no_cells.update(cell.class_name for cell in called_no_cell(changes, typed).values())
        cells, result = counted.found.detections, counted.result
        standing = frozenset(cells.ids[result.counted].tolist())
        wanted = kind_cells(cells, result.counted, changes, typed, self.tree, self._classes)
        known = self._session.kinds.described(image)
        if known is not None:
            model, found = known
            accepted = self._session.edits.accepted_kinds(image)
            self._described.setdefault(model, []).append(DescribedImage(image, wanted, found, typed, accepted))
        self._counted[image] = standing
        confirmed = {cell: kind for cell, kind in typed.items() if cell in standing}
        self._confirmed.update((self.tree.class_of(kind), kind) for kind in confirmed.values())
        gone = zip(wanted.cells.tolist(), wanted.labels.tolist(), strict=True)
        self._confirmed.update((self._classes[label], NO_CELL) for cell, label in gone if typed.get(cell) == NO_CELL)
        self._read_twice(image, confirmed, wanted, typed)
        return confirmed

    def add_truth(self, case: Case, kinds: Mapping[int, str], settings: CountSettings) -> None:
        """Take an image with its ground truth and its edits; ``kinds``: those of its cells, as ``add`` returns them."""
        found = matched_kinds(case, kinds, self.tree, self._classes, settings.thresholds, _IOU)
        for name, cells in found.items():
            self._matched.setdefault(name, []).extend(cells)

    def _read_twice(self, image: int, confirmed: Mapping[int, str], cells: KindCells, typed: Mapping[int, str]) -> None:
        """Take the white cells of an image that a second reading named too, those that are no cells among them."""
        name = differential_class(self.tree)
        of = zip(cells.cells.tolist(), cells.labels.tolist(), strict=True)
        gone = {cell: self._classes[label] for cell, label in of if typed.get(cell) == NO_CELL}
        first = {**confirmed, **dict.fromkeys(gone, NO_CELL)}
        for reading, both in self._both.items():
            second = self._session.edits.kinds(image, reading)
            for cell in first.keys() & second.keys():
                classes = {self.tree.class_of(first[cell]), self.tree.class_of(second[cell])} - {""}
                if name in (classes or {gone.get(cell)}):
                    both.append(NamedCell(image, cell, second[cell], first[cell]))

    def _readings(self) -> tuple[ReadingRow, ...]:
        return tuple(
            ReadingRow(name, len(both), kappa([cell.said for cell in both], [cell.true for cell in both]))
            for name, both in self._both.items()
            if both
        )

    def _truths(self) -> tuple[KindTruth, ...]:
        white = differential_class(self.tree) or ""
        compared = [
            *((name, "", cells) for name, cells in self._matched.items()),
            *((white, reading, cells) for reading, cells in self._both.items()),
        ]
        return kind_truths(compared, self.tree)

    def content(self) -> SessionKinds | None:
        """Sort the cells; None without kinds."""
        if not self.tree.kinds:
            return None
        model = max(self._described, key=lambda model: len(self._described[model]), default="")
        taught, problem = self._teaching_set(model)
        figures: dict[str, Figures] = {}
        rows: list[KindRow] = []
        for name in (name for name in self.tree.classes if name in self._classes):
            suggested: Counter[str] = Counter()
            sample = self._sample(name, model)
            if sample is not None:
                found = sample.sort(name, taught)
                if found.taught is not None:
                    figures[name] = found.taught.figures
                if found.suggestions is not None:
                    open_ = self._open(sample)
                    suggested.update(found.suggestions.kind(place) for place in open_)
            keys = (*(kind.key for kind in self.tree.of_class(name)), NO_CELL, "")
            rows += [
                KindRow(name, key, self.tree.name(key) or gettext("Unsure"), self._confirmed[name, key], suggested[key])
                for key in keys
            ]
        name = differential_class(self.tree)
        confirmed = {kind: number for (of, kind), number in self._confirmed.items() if of == name}
        inputs = self.inputs
        counted = (
            None
            if name is None
            else differential(
                confirmed, self.tree, name, target=inputs.target, analyser=inputs.analyser, corrected=inputs.corrected
            )
        )
        title = "" if self._used is None else self._used.title
        left_out = {name: number for name, number in self._left_out.items() if number}
        return SessionKinds(
            self.tree,
            inputs,
            tuple(rows),
            name,
            counted,
            title,
            problem,
            figures,
            left_out,
            self._readings(),
            self._truths(),
            {name: self._no_cells[name] for name in self._classes if self._no_cells[name]},
        )

    def _sample(self, name: str, model: str) -> SampleCells | None:
        """Return the cells of a class that an embedding model described; None if it has not described any."""
        images = [one for one in self._described.get(model, ()) if len(one.found)]
        if not images:
            return None
        return sample_cells(images, self._classes.index(name), self.tree, images[0].found.steps.shape[1])

    def _open(self, sample: SampleCells) -> list[int]:
        """Return the places of cells that count and have no kind."""
        cells = zip(sample.images.tolist(), sample.cells.tolist(), sample.typed, strict=True)
        return [place for place, (image, cell, said) in enumerate(cells) if not said and cell in self._counted[image]]

    def _teaching_set(self, model: str) -> tuple[TeachingSet | None, str]:
        """Return the set that sorts the session, or why it cannot be used."""
        if self._used is None:
            return None, ""
        try:
            _, taught = reopen(self._used, self._session.path)
        except TeachingSetError as error:
            return None, str(error)
        if model and model != taught.header.embedding:
            text = gettext("{title}: another embedding model described its cells; it cannot sort this sample.")
            return None, text.format(title=self._used.title)
        return taught, ""
