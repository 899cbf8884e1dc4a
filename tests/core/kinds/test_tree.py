"""The tree of kinds."""

from __future__ import annotations

import msgspec
import pytest

from core.kinds.tree import NO_CELL, Kind, KindError, KindTree, class_named, ready_sets, white_cell_kinds


def test_ready_sets_go_together_in_one_tree():
    tree = KindTree()
    for ready in ready_sets().values():
        tree = tree.with_kinds(ready.kinds)
    assert tree.classes == ("WBC", "RBC", "Platelets")
    assert msgspec.json.decode(msgspec.json.encode(tree), type=KindTree) == tree
    assert {kind.key for kind in tree.of_class("WBC")} >= {"band-neutrophil", "myelocyte"}


def test_a_kind_stands_under_a_class_at_any_depth():
    tree = white_cell_kinds()
    assert tree.class_of("band-neutrophil") == "WBC"
    assert tree.within("neutrophil") == {"neutrophil", "segmented-neutrophil", "band-neutrophil"}
    assert tree.class_of(NO_CELL) == ""
    assert tree.name(NO_CELL) == "No cell"
    assert tree.name("gone") == "gone"


def test_kinds_are_added_changed_and_removed():
    tree = white_cell_kinds().with_kinds([Kind(key="hairy-cell", name="Hairy cell", parent="lymphocyte")])
    assert tree.class_of("hairy-cell") == "WBC"
    renamed = tree.with_kinds([Kind(key="hairy-cell", name="HCL", parent="lymphocyte", shortcut="h")])
    assert renamed.name("hairy-cell") == "HCL"
    assert renamed.by_shortcut("H") == renamed.get("hairy-cell")
    assert tree.without("lymphocyte").get("hairy-cell") is None
    zero = tree.by_shortcut("0")
    assert zero is not None
    assert zero.key == NO_CELL


@pytest.mark.parametrize(
    "kind",
    [
        Kind(key="x", name=" ", parent="WBC"),
        Kind(key=NO_CELL, name="None", parent="WBC"),
        Kind(key="x", name="X", parent="WBC", shortcut="l"),
        Kind(key="x", name="X", parent="x"),
        Kind(key="x", name="X", parent=""),
    ],
)
def test_a_tree_that_cannot_be_is_refused(kind: Kind):
    with pytest.raises(KindError, match=r"[.]$"):
        white_cell_kinds().with_kinds([kind])


def test_a_name_of_a_file_tells_the_class_of_its_kind():
    own = KindTree((Kind(key="smudge", name="Smudge cell", parent="WBC"),))
    assert class_named("smudge cells", own) == "WBC"
    assert class_named("Spherocyte", own) == "RBC"
    assert class_named("Normal", own) == ""  # a red cell, or a platelet
    assert class_named("nucleus", own) == ""
