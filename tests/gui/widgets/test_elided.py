"""Names of files without what all of them share."""

from __future__ import annotations

import pytest

from gui.widgets.names import without_shared


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (
            ["2026-11-27_Miller_Field-017_final_v2.png", "2026-11-27_Miller_Field-018_final_v2.png", "a.png"],
            ["…Field-017…", "…Field-018…", "a.png"],
        ),
        (["IMG_3001.jpg", "IMG_3002.jpg"], ["IMG_3001.jpg", "IMG_3002.jpg"]),
        (["patient_of_ward_7_01.png", "patient_of_ward_7_012.png"], ["…01.png", "…012.png"]),
        (["patient_of_ward_7_01.png"], ["patient_of_ward_7_01.png"]),
        (["one_and_the_same.png", "one_and_the_same.png"], ["one_and_the_same.png", "one_and_the_same.png"]),
        ([], []),
    ],
)
def test_names_keep_what_tells_them_apart(names: list[str], shown: list[str]) -> None:
    assert without_shared(names) == shown
