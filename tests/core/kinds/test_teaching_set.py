"""Teaching sets: one file, merged, locked, and refused where they do not fit."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from core.kinds.teaching_set import TeachingSet, TeachingSetError, read_teaching_set, write_teaching_set
from tests.core.kinds.kinds_builders import teaching_set

if TYPE_CHECKING:
    from pathlib import Path


def test_a_set_comes_back_as_it_was_written(tmp_path: Path):
    path = tmp_path / "ward.smearkinds"
    taught = teaching_set()
    write_teaching_set(path, taught)
    back = read_teaching_set(path)
    assert back.header == taught.header
    assert back.crops == taught.crops
    np.testing.assert_array_equal(back.vectors, taught.vectors)
    assert path.read_bytes() == taught.to_bytes()
    with zipfile.ZipFile(path) as archive:
        assert "cells/0.jpg" in archive.namelist()


def test_merging_keeps_every_cell_once_and_counts_versions(tmp_path: Path):
    first, second = teaching_set(), teaching_set(seed=3, name="Ward 4")
    whole = first.merged(second)
    assert len(whole) == 36
    assert whole.header.version == 2
    assert whole.header.samples == ("Ward 3", "Ward 4")
    assert {cell.sample for cell in whole.header.cells} == {0, 1}
    assert len(whole.merged(second)) == 36
    later = msgspec.structs.replace(first.header.cells[0], kind="blast", time="2026-11-29T10:00:00Z")
    cells = (later, *first.header.cells[1:])
    changed = TeachingSet(msgspec.structs.replace(first.header, cells=cells), first.steps, first.scales, first.crops)
    assert first.merged(changed).header.cells[-1].kind != "blast"
    assert "blast" in {cell.kind for cell in first.merged(changed).header.cells}
    assert "blast" in {cell.kind for cell in changed.merged(first).header.cells}


def test_a_locked_set_is_not_changed_but_may_be_copied():
    locked = teaching_set().with_lock("Dr. Meier", "2026-11-28T12:00:00Z")
    with pytest.raises(
        TeachingSetError, match=r"Ward 3: Dr\. Meier locked this teaching set on 2026-11-28; save a copy"
    ):
        locked.merged(teaching_set(seed=3, name="Ward 4"))
    copy = locked.copy_named("My own")
    assert not copy.locked
    assert len(copy.merged(teaching_set(seed=3, name="Ward 4"))) == 36
    assert copy.title == "My own, version 1"


def test_sets_of_different_embedding_models_are_not_mixed():
    other = teaching_set(name="Ward 4")
    other = TeachingSet(
        msgspec.structs.replace(other.header, embedding="cd" * 32), other.steps, other.scales, other.crops
    )
    with pytest.raises(TeachingSetError, match="another embedding model"):
        teaching_set().merged(other)


@pytest.mark.parametrize("damage", ["nothing", "text", "cut", "newer", "sample"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, damage: str):
    path = tmp_path / "ward.smearkinds"
    taught = teaching_set()
    if damage == "text":
        path.write_text("no archive")
    elif damage == "cut":
        path.write_bytes(taught.to_bytes()[:-400])
    elif damage == "newer":
        header = msgspec.structs.replace(taught.header, schema=2)
        path.write_bytes(TeachingSet(header, taught.steps, taught.scales, taught.crops).to_bytes())
    elif damage == "sample":
        header = msgspec.structs.replace(taught.header, samples=())
        path.write_bytes(TeachingSet(header, taught.steps, taught.scales, taught.crops).to_bytes())
    with pytest.raises(TeachingSetError) as caught:
        read_teaching_set(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith(".")
    assert ("newer version" in str(caught.value)) == (damage == "newer")
