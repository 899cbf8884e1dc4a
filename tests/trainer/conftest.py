"""Rendered data sets as folders, and a small network that finds something."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from core.cells import Detections
from core.counting.count import CountSettings, count
from core.counting.pipeline import CountedImage
from core.detection.detector import DetectorResult
from core.imaging.synthetic import CLASS_NAMES, RenderedSmear, render_smear
from core.report.formats.annotated import write_picture
from tests.programs import Programs
from trainer.dataset.load import DataSet, LabelledImage, load_data_set
from trainer.detection.export import build_card, export_onnx
from trainer.detection.network import build_retinanet
from trainer.detection.trained import TrainedModel, load_trained
from trainer.evaluation.predict import ImageResult
from trainer.recipes.load import load_preset
from trainer.recipes.recipe import Preset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from trainer.detection.network import CellRetinaNet

# Not in the order of the trainer, so that a mix-up shows.
FILE_CLASSES = ("WBC", "RBC", "Platelets")
SPLITS = ("train", "train", "train", "train", "val", "val", "test", "test")


@pytest.fixture(autouse=True, scope="session")
def torch_threads() -> Iterator[None]:
    """Let torch compute in one thread: on a busy machine several wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, networks_folder: Path) -> Iterator[Programs]:
    """Return what starts programs that train, which PyTorch has been imported for."""
    programs = Programs(tmp_path_factory.mktemp("programs"), networks_folder, "trainer.detection.fit")
    yield programs
    programs.close()


@pytest.fixture(scope="session")
def smears() -> list[RenderedSmear]:
    """Return eight small fields with every kind of cell."""
    return [
        render_smear(
            200,
            160,
            red_cells=12,
            white_cells=1,
            platelets=3,
            diameter=34,
            rng=np.random.default_rng(seed),
        )
        for seed in range(len(SPLITS))
    ]


def write_yolo_folder(folder: Path, smears: list[RenderedSmear]) -> Path:
    """Write fields as ``images/ labels/ classes.txt manifest.csv``; sources A and B take turns."""
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "classes.txt").write_text("\n".join(FILE_CLASSES), "utf-8")
    rows = ["file,split,source"]
    for number, (smear, split) in enumerate(zip(smears, SPLITS, strict=True)):
        write_picture(smear.image, folder / "images" / f"{number}.png")
        height, width = smear.image.shape[:2]
        lines = []
        for (x1, y1, x2, y2), label in zip(smear.boxes.astype(float), smear.labels, strict=True):
            place = FILE_CLASSES.index(CLASS_NAMES[label])
            centre = f"{(x1 + x2) / 2 / width:.6f} {(y1 + y2) / 2 / height:.6f}"
            lines.append(f"{place} {centre} {(x2 - x1) / width:.6f} {(y2 - y1) / height:.6f}")
        (folder / "labels" / f"{number}.txt").write_text("\n".join(lines), "utf-8")
        rows.append(f"{number}.png,{split},{'AB'[number % 2]}")
    (folder / "manifest.csv").write_text("\n".join(rows), "utf-8")
    return folder


@pytest.fixture
def data_folder(tmp_path: Path, smears: list[RenderedSmear]) -> Path:
    """Return a data set folder of this test alone, which it may break."""
    return write_yolo_folder(tmp_path / "cells", smears)


@pytest.fixture(scope="session")
def train_set(tmp_path_factory: pytest.TempPathFactory, smears: list[RenderedSmear]) -> DataSet:
    folder = write_yolo_folder(tmp_path_factory.mktemp("data") / "cells", smears)
    return load_data_set(folder, "train")


def stirred_network() -> CellRetinaNet:
    """Return an untrained tiny network whose head and norms are stirred until it finds plenty."""
    torch.manual_seed(1)
    network = build_retinanet(load_preset(Preset, "tiny"), len(CLASS_NAMES))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    network.eval()
    noise = (torch.rand(1, 3, 128, 128) - 0.45) / 0.225
    with torch.no_grad():
        logits = network.head.classification_head.cls_logits
        assert logits.bias is not None
        logits.bias.zero_()
        said = network.head(list(network.backbone(noise).values()))["cls_logits"]
        logits.weight /= said.std()
        logits.bias.fill_(-3.0 - float(torch.quantile(said / said.std(), 0.98)))  # 2 % above the floor
    return network


RECORD = {
    "preset": {"backbone": "resnet18"},
    "seed": 7,
    "precision": "32-true",
    "weights": None,
    "data": [
        {"name": "cells", "split": "train", "images": 4, "sha256": "ab" * 32},
        {"name": "cells", "split": "val", "images": 2, "sha256": "cd" * 32},
    ],
    "trainer_version": "0.1.0",
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Return the checkpoint of a stirred network, as a run would have left it."""
    return write_checkpoint(tmp_path / "best.ckpt")


def write_checkpoint(path: Path) -> Path:
    content = {
        "hyper_parameters": {
            "preset": asdict(load_preset(Preset, "tiny")),
            "class_names": CLASS_NAMES,
            "weights": None,
            "record": RECORD,
        },
        "state_dict": {f"model.{name}": value for name, value in stirred_network().state_dict().items()},
        "epoch": 4,
    }
    torch.save(content, path)
    return path


@pytest.fixture
def trained(checkpoint: Path) -> TrainedModel:
    """Return a stirred network of this test alone, which it may change."""
    return load_trained(checkpoint)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the model file of the stirred network, to be copied before it is changed."""
    folder = tmp_path_factory.mktemp("model")
    trained = load_trained(write_checkpoint(folder / "best.ckpt"))
    export_onnx(trained.model, build_card(trained, "stirred"), folder / "model.onnx")
    return folder / "model.onnx"


class ResultMaker:
    """Makes fields as a model would have found them."""

    classes = CLASS_NAMES

    def boxes(self, rng: np.random.Generator, count: int, side: float = 400) -> NDArray[np.float32]:
        """Return random boxes of 15 to 60 pixels in a square."""
        corner = rng.uniform(0, side - 60, (count, 2))
        return np.concatenate([corner, corner + rng.uniform(15, 60, (count, 2))], axis=1).astype(np.float32)

    def field(
        self,
        found: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]],
        truth: tuple[NDArray[np.float32], NDArray[np.int64]],
        settings: CountSettings | None = None,
    ) -> ImageResult:
        """Return a field of (boxes, scores, labels) found and (boxes, labels) there."""
        detections = Detections.from_model(*found)
        settings = settings or CountSettings(dict.fromkeys(CLASS_NAMES, 0.0), 1.0)
        counted = count(detections, settings, CLASS_NAMES)
        result = DetectorResult(detections, 40.0, 1.0)
        image = CountedImage(Path("field.png"), 400, 400, result, counted, 0.1)
        field = LabelledImage(Path("field.png"), truth[0] / np.float32(400), truth[1], "A")
        return ImageResult(field, image, truth[0], truth[1])

    def noisy_field(self, seed: int) -> ImageResult:
        """Return a field of which most cells were found, some twice, and some that are none."""
        rng = np.random.default_rng(seed)
        truth = self.boxes(rng, int(rng.integers(0, 40)))
        labels = rng.integers(0, 3, len(truth))
        hits = rng.choice(len(truth), int(1.2 * len(truth))) if len(truth) else np.zeros(0, int)
        boxes = np.concatenate([truth[hits] + rng.normal(0, 4, (len(hits), 4)), self.boxes(rng, 8)])
        found_labels = np.concatenate([labels[hits], rng.integers(0, 3, 8)])
        scores = (rng.permutation(len(boxes)) + 1).astype(np.float32) / np.float32(len(boxes) + 2)
        sorted_boxes = np.concatenate(
            [np.minimum(boxes[:, :2], boxes[:, 2:] - 2), np.maximum(boxes[:, 2:], boxes[:, :2] + 2)], axis=1
        )
        found = (sorted_boxes.astype(np.float32), scores, found_labels.astype(np.int32))
        return self.field(found, (truth, labels))


@pytest.fixture(scope="session")
def make() -> ResultMaker:
    return ResultMaker()
