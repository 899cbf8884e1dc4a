"""The figures that follow from counts: which there are, and what stands beside them."""

from __future__ import annotations

import numpy as np
import pytest

from core.counting.estimates import EstimateInputs, Fields, Span, figures, numbers

COUNTS = {"RBC": [200, 400], "WBC": [1, 2], "Platelets": [10, 20]}


def named(fields: Fields, inputs: EstimateInputs | None = None) -> dict[str, float | None]:
    return {one.what: one.value for one in figures(fields, inputs or EstimateInputs())}


def test_without_inputs_there_are_ratios_only() -> None:
    assert named(Fields(COUNTS)) == {"White cells per 1,000 red cells": 5, "Platelets per red cell": 0.05}


def test_each_input_brings_its_own_estimates() -> None:
    assert named(Fields(COUNTS), EstimateInputs(analyser_rbc=5.0))["Platelets by ratio"] == pytest.approx(250)
    assert named(Fields(COUNTS), EstimateInputs(field_factor=15.0))["Platelets by field"] == pytest.approx(225)
    both = named(Fields(COUNTS), EstimateInputs(5.0, 15.0))
    assert both["Platelets by field against by ratio"] == pytest.approx(100 * -25 / 237.5)
    scaled = named(Fields(COUNTS, area=1e6), EstimateInputs(micrometres_per_pixel=1.0))
    assert scaled["RBC per mm²"] == pytest.approx(600)


def test_sizes_are_of_all_fields_and_say_what_stands_beside_them() -> None:
    sides = np.array([60, 64, 70, 80], np.float32)
    boxes = np.stack([np.full(4, 10), np.full(4, 10), 10 + sides, 10 + sides], axis=1).astype(np.float32)
    fields = Fields(COUNTS, 1e6, {"RBC": [(boxes[:2], (640, 480)), (boxes[2:], (640, 480))], "WBC": []})
    *_, size = figures(fields, EstimateInputs(micrometres_per_pixel=0.1))
    assert (size.name, size.value, size.span) == ("RBC diameter, median (µm)", pytest.approx(6.7), Span.HALF)
    assert size.ends == pytest.approx(np.quantile(sides / 10, (0.25, 0.75)))


def test_without_red_cells_a_ratio_cannot_be_formed() -> None:
    assert set(named(Fields({"RBC": [0], "WBC": [3], "Platelets": [1]}), EstimateInputs(analyser_rbc=5)).values()) == {
        None
    }


def test_classes_that_a_model_does_not_know_make_no_figure() -> None:
    assert named(Fields({"RBC": [5]}), EstimateInputs(5.0, 15.0)) == {}


def test_numbers_that_belong_together_have_the_same_decimals() -> None:
    assert numbers(250, 6.4, 1390) == ["250", "6", "1,390"]
    assert numbers(0.05, 0.01, 0.15) == ["0.050", "0.010", "0.150"]
    assert numbers(3, 0.5, float("inf")) == ["3.0", "0.5", "∞"]
