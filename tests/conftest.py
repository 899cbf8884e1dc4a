"""What all tests share: no window on the screen, the model, rendered smears as files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import settings

from core.imaging.synthetic import RenderedSmear, render_smear
from core.models.network import Model, default_model_path
from core.report.formats.annotated import write_picture
from tests.known_networks import computed_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# A busy machine is no failure.
settings.register_profile("smearcount", deadline=None)
settings.load_profile("smearcount")


@pytest.fixture(autouse=True, scope="session")
def one_opencv_thread() -> None:
    """Let OpenCV compute in one thread: beside other workers a pool mostly waits."""
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def networks_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of compiled networks."""
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(autouse=True, scope="session")
def networks(networks_folder: Path) -> Iterator[None]:
    """Compute everything once, for some hundred windows."""
    with computed_once(networks_folder):
        yield


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
