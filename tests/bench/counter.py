"""Count images named on standard input, and answer each with the seconds it took, from file to counts.

``counter.py ours`` is the headless path of SmearCount; ``counter.py rival`` is torchvision's
``retinanet_resnet50_fpn`` at its defaults, with random weights: what it finds costs it next to nothing.
The answer to an empty line is the peak memory of the process in MiB.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def ours() -> Callable[[Path], object]:
    from core.counting.count import CountSettings
    from core.counting.pipeline import count_image
    from core.detection.detector import Detector
    from core.imaging.reading import read_image
    from core.models.network import Model, default_model_path

    model = Model(default_model_path())
    detector, settings = Detector(model), CountSettings.suggested_by(model.card)
    return lambda path: count_image(read_image(path), detector, settings)


def rival() -> Callable[[Path], object]:
    import numpy as np
    import torch
    from PIL import Image
    from torchvision.models.detection import retinanet_resnet50_fpn

    network = retinanet_resnet50_fpn(weights=None, weights_backbone=None).eval()

    def count(path: Path) -> int:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        tensor = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255
        with torch.inference_mode():
            return int((network([tensor])[0]["scores"] > 0.5).sum())

    return count


def main() -> None:
    count = {"ours": ours, "rival": rival}[sys.argv[1]]()
    for line in sys.stdin:
        name = line.strip()
        if name:
            start = time.perf_counter()
            count(Path(name))
            answer = time.perf_counter() - start
        else:
            answer = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
