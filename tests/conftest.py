"""What all tests share: no window on the screen, the model, rendered smears as files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import onnx
import openvino
import pytest
from hypothesis import settings

from core.imaging.synthetic import RenderedSmear, render_smear
from core.models.network import Model, default_model_path
from core.report.formats.annotated import write_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# A busy machine is no failure.
settings.register_profile("smearcount", deadline=None)
settings.load_profile("smearcount")


@pytest.fixture(autouse=True, scope="session")
def one_opencv_thread() -> None:
    """Let OpenCV compute in one thread: beside other workers a pool mostly waits."""
    cv2.setNumThreads(1)


class KnownNetwork:
    """A compiled network that remembers what it said about the last inputs: to the same, it says the same."""

    def __init__(self, network: Any) -> None:
        self.inputs, self.outputs = network.inputs, network.outputs
        self._network = network
        self._said: OrderedDict[bytes, dict[str, NDArray[Any]]] = OrderedDict()
        self._lock = threading.Lock()  # one network answers one thread at a time

    def __call__(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        key = hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).digest()
        with self._lock:
            if key not in self._said:
                output = self._network(pixels)
                self._said[key] = {name: output[name].copy() for port in self.outputs for name in port.get_names()}
                while len(self._said) > KNOWN_INPUTS:
                    self._said.popitem(last=False)
            self._said.move_to_end(key)
            return self._said[key]


KNOWN_INPUTS = 200


def graph_of(content: bytes) -> bytes:
    """Return a hash of what a model file computes, which its card does not change."""
    model = onnx.load_model_from_string(content)
    del model.metadata_props[:]
    return hashlib.sha256(model.SerializeToString()).digest()


@pytest.fixture(autouse=True, scope="session")
def computed_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Read, compile and ask each network once: to the same results in a tenth of the time, for some hundred windows."""
    plain, folder = openvino.Core, tmp_path_factory.mktemp("compiled")
    read: dict[bytes, Any] = {}
    graphs: dict[int, bytes] = {}  # by the id of a network
    compiled: dict[tuple[Any, ...], KnownNetwork] = {}

    class CachingCore(plain):
        def __init__(self) -> None:
            super().__init__()
            if os.access(folder, os.W_OK, effective_ids=True):  # some tests go on as another user
                self.set_property({"CACHE_DIR": str(folder)})

        def read_model(self, content: bytes) -> Any:
            if content not in read:
                read[content] = super().read_model(content)
                graphs[id(read[content])] = graph_of(content)
            return read[content]

        def compile_model(self, network: Any, device: str, config: dict[str, str]) -> KnownNetwork:
            key = graphs[id(network)], device, *sorted(config.items())
            if key not in compiled:
                compiled[key] = KnownNetwork(super().compile_model(network, device, config))
            return compiled[key]

    openvino.Core = CachingCore  # type: ignore[misc]
    yield
    openvino.Core = plain  # type: ignore[misc]


@pytest.fixture(scope="session")
def model_path() -> Path:
    """Return the model that the tests run: the default one, or the one of SMEARCOUNT_TEST_MODEL."""
    path = Path(os.environ.get("SMEARCOUNT_TEST_MODEL") or default_model_path())
    if not path.exists():
        pytest.skip(f"there is no model {path.name} here to test with")
    return path


@pytest.fixture(scope="session")
def model(model_path: Path) -> Model:
    return Model(model_path)


@pytest.fixture(scope="session")
def smear() -> RenderedSmear:
    """Return a field of ordinary size and look with all kinds of cells."""
    return render_smear(480, 360, red_cells=14, white_cells=1, platelets=3, diameter=64, rng=np.random.default_rng(5))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real smear data, which only some machines have."""
    beside_the_repository = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SMEARCOUNT_DATA") or beside_the_repository)
    if not folder.is_dir():
        pytest.skip("the real smear data is not on this machine (SMEARCOUNT_DATA says where it is)")
    return folder


@pytest.fixture
def smear_file(tmp_path: Path, smear: RenderedSmear) -> Callable[[str], Path]:
    """Return a function that writes the smear under a name and returns its path."""

    def write(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(smear.image, path)
        return path

    return write


@pytest.fixture
def ordinary_user() -> Callable[[], AbstractContextManager[None]]:
    """Return a context in which root's right to read everything is given up."""
    if sys.platform == "win32":
        pytest.skip("files on Windows have other permissions")

    @contextmanager
    def without_rights() -> Iterator[None]:
        effective = os.geteuid()
        if effective == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(effective)

    return without_rights


@pytest.fixture
def small_drive(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of half a megabyte."""
    folder = tmp_path / "drive"
    folder.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small drive on Linux")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
