from __future__ import annotations

import csv
import dataclasses
import pickle
import signal
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
import torch

from core.classes import CANONICAL_CLASSES
from trainer.cli.main import main
from trainer.dataset.load import DataSet
from trainer.dataset.manifest import Category, read_manifest, write_manifest
from trainer.detection.data import ImageStore, TrainingCrops, collate
from trainer.detection.fit import CellDetector, fit
from trainer.detection.trained import load_trained
from trainer.recipes.load import load_preset
from trainer.recipes.recipe import Preset
from trainer.training.data import EpochSampler
from trainer.training.loop import RunOptions, TrainingError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.programs import Programs

KILLED_IN_THE_SECOND_EPOCH = """
import os, signal, sys
from trainer.detection import fit
from trainer.cli.main import main

take_step = fit.CellDetector.training_step

def step_or_die(self, batch, batch_idx):
    if self.current_epoch == 1 and batch_idx == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return take_step(self, batch, batch_idx)

fit.CellDetector.training_step = step_or_die
main(sys.argv[1:])
"""


AS_FROM_THE_COMMAND_LINE = """
import runpy

runpy.run_module("trainer.cli.main", run_name="__main__", alter_sys=True)  # which the second process copies
"""


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "last.ckpt", weights_only=True)["state_dict"]


@pytest.mark.slow
@pytest.mark.parametrize("box_loss", ["l1", "giou"])
def test_the_loss_falls(train_set: DataSet, box_loss: Literal["l1", "giou"]) -> None:
    torch.manual_seed(0)
    preset = dataclasses.replace(load_preset(Preset, "tiny"), mosaic=0.0, rendered=0.0, box_loss=box_loss)
    crops = TrainingCrops(ImageStore(train_set, preset), seed=0)
    images, targets = collate([crops[index] for index in range(2)])
    module = CellDetector(asdict(preset), CANONICAL_CLASSES).train()
    optimizer = torch.optim.AdamW(module.model.parameters(), 1e-3)
    losses, box_losses = [], []
    for _ in range(8):
        parts = module.model(images, targets)
        loss = parts["classification"] + parts["bbox_regression"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        box_losses.append(parts["bbox_regression"].item())
    assert losses[-1] < 0.7 * losses[0]
    assert box_losses[-1] < 0.9 * box_losses[0]
    assert all(np.isfinite(losses))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_run_goes_on_to_the_same_weights(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str], programs: Programs
) -> None:
    common = ["fit", "--data", str(data_folder), "--preset", "tiny", "--accelerator", "cpu"]
    common += ["--epochs", "2"]
    stopped = programs.run(KILLED_IN_THE_SECOND_EPOCH, *common, "--run", str(tmp_path / "stopped"), "--workers", "0")
    assert stopped.returncode == -signal.SIGKILL, stopped.complained
    halfway = weights_of(tmp_path / "stopped")
    # the crops come from other processes this time, which must make no difference
    assert main([*common, "--run", str(tmp_path / "stopped"), "--workers", "2"]) == 0
    said = capsys.readouterr().out
    assert "Resuming from" in said
    assert "after epoch 1 of 2" in said

    assert main([*common, "--run", str(tmp_path / "whole"), "--workers", "0"]) == 0
    whole, pieced = weights_of(tmp_path / "whole"), weights_of(tmp_path / "stopped")
    assert whole.keys() == pieced.keys()
    assert all(torch.equal(whole[name], pieced[name]) for name in whole)
    assert any(not torch.equal(whole[name], halfway[name]) for name in whole)
    assert (tmp_path / "whole" / "best.ckpt").exists()
    assert not list(tmp_path.glob("*/*.partial"))
    with next((tmp_path / "whole" / "log").glob("*/metrics.csv")).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len([row for row in rows if row["val_map50"]]) == 2


@pytest.mark.slow
def test_a_run_folder_belongs_to_one_kind_of_run(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    common = ["fit", "--data", str(data_folder), "--run", str(run), "--preset", "tiny"]
    common += ["--accelerator", "cpu", "--workers", "0", "--epochs", "1"]
    assert main(common) == 0
    weights = weights_of(run)
    capsys.readouterr()
    changes = (["--seed", "1"], ["--epochs", "2"], ["--sources", "A"], ["--precision", "bf16-mixed"])
    for change in changes:
        assert main([*common, *change]) == 2, change
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "was started differently" in error
    label = data_folder / "labels" / "0.txt"
    label.write_text(label.read_text("utf-8").splitlines()[0], "utf-8")
    assert main(common) == 2
    assert "train data" in capsys.readouterr().err
    after = weights_of(run)
    assert all(torch.equal(after[name], weights[name]) for name in weights)


@pytest.mark.slow
def test_the_running_mean_of_the_weights_is_kept(tmp_path: Path, train_set: DataSet) -> None:
    plain = dataclasses.replace(
        load_preset(Preset, "tiny"),
        schedule="constant",
        batches_per_epoch=1,
        epochs=2,
        keep_epochs=(1,),
        validate_every=2,
    )
    for name, share in (("plain", 0.0), ("mean", 0.5)):
        options = RunOptions(tmp_path / name, workers=0, accelerator="cpu", progress=False)
        fit(train_set, train_set, dataclasses.replace(plain, average_weights=share), options)
    first = torch.load(tmp_path / "plain" / "epoch1.ckpt", weights_only=True)["state_dict"]
    second, mean = weights_of(tmp_path / "plain"), weights_of(tmp_path / "mean")
    name = next(key for key in mean if "classification_head" in key)
    assert not torch.equal(first[name], second[name])
    torch.testing.assert_close(mean[name], (first[name] + second[name]) / 2)


def test_a_finished_run_is_not_trained_again(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["fit", "--data", str(data_folder), "--run", str(tmp_path), "--preset", "tiny"]
    common += ["--accelerator", "cpu", "--workers", "0", "--epochs", "1"]
    assert main(common) == 0
    before = (tmp_path / "last.ckpt").stat().st_mtime_ns
    assert main(common) == 0
    assert "already finished" in capsys.readouterr().out
    assert (tmp_path / "last.ckpt").stat().st_mtime_ns == before


def test_a_damaged_checkpoint_stops_the_run(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["fit", "--data", str(data_folder), "--run", str(tmp_path), "--preset", "tiny"]
    common += ["--accelerator", "cpu", "--workers", "0", "--epochs", "1"]
    assert main(common) == 0
    whole = (tmp_path / "last.ckpt").read_bytes()
    (tmp_path / "last.ckpt").write_bytes(whole[: len(whole) // 2])
    capsys.readouterr()
    assert main(common) == 2
    assert "last.ckpt: " in capsys.readouterr().err


def test_a_loss_that_is_no_number_stops_the_run(
    tmp_path: Path, train_set: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = dataclasses.replace(load_preset(Preset, "tiny"), learning_rate=1e30, epochs=2)
    options = RunOptions(tmp_path, workers=0, accelerator="cpu", progress=False)
    with pytest.raises(TrainingError, match=r"epoch 1, batch 2.*learning_rate"):
        fit(train_set, train_set, preset, options)


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_an_epoch_is_dealt_out_without_loss(processes: int) -> None:
    dealt = []
    for rank in range(processes):
        sampler = EpochSampler(8, 0, rank, processes)
        sampler.set_epoch(3)
        assert len(list(sampler)) == len(sampler) == 8 // processes
        dealt += list(sampler)
    assert sorted(dealt) == list(range(24, 32))


def test_small_sources_come_more_often(train_set: DataSet) -> None:
    fields = train_set.images
    lonely = dataclasses.replace(fields[0], source="small")
    many = tuple(dataclasses.replace(fields[1], source="large") for _ in range(4))
    store = ImageStore(DataSet(train_set.folder, "train", (lonely, *many)), load_preset(Preset, "tiny"))
    assert store.weights.sum() == pytest.approx(1)
    assert store.weights[0] == pytest.approx(2 * store.weights[1])


def test_crops_are_the_same_in_a_spawned_worker(train_set: DataSet) -> None:
    crops = TrainingCrops(ImageStore(train_set, load_preset(Preset, "tiny")), seed=3)
    sent = pickle.loads(pickle.dumps(crops))  # as to a data worker on Windows and macOS
    (image, target), (other_image, other_target) = crops[17], sent[17]
    assert torch.equal(image, other_image)
    assert torch.equal(target["boxes"], other_target["boxes"])
    assert not torch.equal(image, crops[18][0])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="torch has no gloo over processes there by default")
def test_two_processes_learn_what_one_does(
    tmp_path: Path, data_folder: Path, checkpoint: Path, programs: Programs
) -> None:
    preset = tmp_path / "sgd.toml"  # AdamW would blow up what is lost in the last digits of small gradients
    preset.write_text('like = "tiny"\noptimizer = "sgd"\nlearning_rate = 1e-2\n', "utf-8")
    common = ["fit", "--data", str(data_folder), "--preset", str(preset), "--accelerator", "cpu", "--epochs", "2"]
    common += ["--workers", "0", "--weights", str(checkpoint)]  # whose batch normalisation is frozen
    assert main([*common, "--devices", "1", "--run", str(tmp_path / "1")]) == 0
    run = programs.run(AS_FROM_THE_COMMAND_LINE, *common, "--devices", "2", "--run", str(tmp_path / "2"))
    assert run.returncode == 0, run.complained
    one, two = (logged(tmp_path / devices, "loss") for devices in ("1", "2"))
    assert len(one) == 2
    assert two == pytest.approx(one, rel=1e-4)
    assert two != one  # they did share the work: sums in another order differ in the last digits
    ours, theirs = (weights_of(tmp_path / devices) for devices in ("1", "2"))
    before = torch.load(checkpoint, weights_only=True)["state_dict"]
    learnt = max(float((ours[name].float() - before[name].float()).abs().max()) for name in ours)
    apart = max(float((ours[name].float() - theirs[name].float()).abs().max()) for name in ours)
    assert learnt > 1e-3
    assert apart < 0.01 * learnt


def logged(run: Path, column: str) -> list[float]:
    (table,) = (run / "log").glob("*/metrics.csv")
    with table.open(newline="") as stream:
        return [float(row[column]) for row in csv.DictReader(stream) if row[column]]


FILLS_THE_DISK = """
import resource, signal, sys
from trainer.cli.main import main

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))  # a checkpoint is larger
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_stops_the_run_with_one_sentence(tmp_path: Path, data_folder: Path, programs: Programs) -> None:
    common = ["fit", "--data", str(data_folder), "--preset", "tiny", "--accelerator", "cpu", "--workers", "0"]
    common += ["--epochs", "1", "--run", str(tmp_path / "run")]
    stopped = programs.run(FILLS_THE_DISK, *common)
    assert stopped.returncode == 1, stopped.complained
    (sentence,) = [line for line in stopped.complained.splitlines() if "cannot be written" in line]
    assert "free some space and start again" in sentence
    assert "Traceback" not in stopped.complained
    assert main(common) == 0


@pytest.mark.slow
def test_one_picture_without_white_cells_is_enough_to_start(tmp_path: Path, data_folder: Path) -> None:
    (data_folder / "manifest.csv").write_text("file,split,source\n0.png,train,A\n4.png,val,A\n", "utf-8")
    for number in (0, 4):
        file = data_folder / "labels" / f"{number}.txt"
        lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("0 ")]
        file.write_text("\n".join(lines), "utf-8")
    common = ["fit", "--data", str(data_folder), "--preset", "tiny", "--accelerator", "cpu", "--workers", "0"]
    assert main([*common, "--epochs", "1", "--run", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / "best.ckpt").exists()


@pytest.mark.slow
def test_folds_are_trained_on_by_name(tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folds = tmp_path / "folds.json"
    assert main(["data", "import", "yolo", str(data_folder), "--out", str(folds)]) == 0
    manifest = read_manifest(folds)
    manifest.categories.append(Category(9, "Blast"))
    write_manifest(folds, manifest)
    assert main(["data", "split", str(folds), "--out", str(folds), "--folds", "2"]) == 0
    sides = ["--split", "not-fold1", "--val-split", "fold1"]
    common = ["fit", "--data", str(folds), "--preset", "tiny", "--accelerator", "cpu", "--workers", "0"]
    capsys.readouterr()
    assert main([*common, *sides, "--epochs", "1", "--run", str(tmp_path / "run")]) == 0
    assert "no training image contains Blast, so the model will find none" in capsys.readouterr().out
    record = load_trained(tmp_path / "run" / "best.ckpt").record
    assert record is not None
    assert [data.split for data in record.data] == ["not-fold1", "fold1"]
