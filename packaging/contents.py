"""What goes into the frozen program, and what stays out.

Used by ``smearcount.spec``. An entry is what PyInstaller calls one: where a file goes, where it comes from, its kind.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

from PyInstaller.depend.bindepend import get_imports
from stub_libraries import build_stub

Entry = tuple[str, str, str]

EXCLUDED = [
    # The program imports neither torch nor the trainer; named here, so that a mistake fails loudly.
    *("torch", "torchvision", "lightning", "onnx", "onnxruntime", "nncf", "trainer", "scipy", "sklearn"),
    *("pytest", "hypothesis", "tkinter", "IPython", "matplotlib", "pandas", "setuptools", "pip", "unittest", "pydoc"),
    *("PIL.ImageTk", "PIL._avif", "PIL._imagingft", "PIL._imagingcms", "PIL.ImageQt"),
    *("qtawesome", "qtpy"),  # only its font is used
    *("pyqtgraph.examples", "pyqtgraph.opengl", "PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets", "PySide6.QtTest"),
    *(
        "openvino.torch",
        "openvino.frontend.pytorch",
        "openvino.frontend.tensorflow",
        "openvino.frontend.jax",
        "openvino.tools",
        "openvino_telemetry",
        "openvino.preprocess.torchvision",
    ),
    *("numpy.f2py", "numpy.distutils", "numpy.testing", "reportlab.graphics.testshapes"),
    *("imagecodecs.numcodecs", "imagecodecs.zarr", "tifffile.zarr", "zarr", "fsspec", "dask", "lxml"),
    *("_ssl", "ssl", "readline", "curses", "lib2to3", "ensurepip", "idlelib"),
]
"""Modules that are never imported."""

_UNUSED = re.compile(
    r"""
      .*Qt6?(Qml|Quick|Designer|Help|Sql|Test|UiTools|Labs|VirtualKeyboard|Pdf|WebSockets|WaylandCompositor)[^/]*
    | PySide6/(Qt/)?(qml|translations)/.*
    | PySide6/(Qt/)?plugins/(designer|egldeviceintegrations|networkinformation|qmllint|qmltooling|sqldrivers|tls
      |vectorimageformats|wayland-graphics-integration-server|generic|platformthemes/libqgtk3)[/.].*
    | PySide6/(Qt/)?plugins/platforms/(lib)?q(eglfs|linuxfb|minimalegl|vkkhrdisplay|vnc)[^/]*
    | PySide6/(Qt/)?plugins/imageformats/(lib)?q(tiff|webp|tga|wbmp|icns|pdf)[^/]*
    | (scipy|numpy)/.*/tests/.*
    | qtawesome/fonts/(?!phosphor).*
    """,
    re.VERBOSE,
)
"""Files that are collected and never opened. (A plugin for GTK's looks would bring all of GTK.)"""

_REFUSED = re.compile(r"opencv_python_headless\.libs/lib(openblasp|avcodec|avformat|avutil|swscale)[^/]*")
"""Libraries of OpenCV for videos and for matrices larger than any of ours; see ``stub_libraries``."""


DECODERS = [
    f"imagecodecs.{name}"
    for name in (
        *("_shared", "_shared_cython", "_imcd", "_zlib", "_deflate", "_lzma", "_zstd", "_lerc"),
        *("_png", "_jpeg8", "_jpeg2k", "_webp", "_ccitt"),
    )
]
"""What imagecodecs imports by name when a file needs it. Of the rest, TIFF of JPEG XL and JPEG XR are the only kinds
that would be read, and are refused instead: they would bring 8 MB for files that microscopes do not write."""


_OPENVINO = re.compile(r"openvino\.|openvino_intel_cpu_plugin|openvino_onnx_frontend|tbb|hwloc")


def openvino_libraries() -> list[tuple[str, str]]:
    """Return the libraries that run an ONNX file on the processor.

    OpenVINO loads them by file name, which PyInstaller cannot see.
    """
    spec = importlib.util.find_spec("openvino")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "libs"
    return [
        (str(library), "openvino/libs")
        for library in sorted(folder.iterdir())
        if _OPENVINO.search(library.name) and library.suffix not in (".pc", ".lib")
    ]


def used(entries: list[Entry]) -> list[Entry]:
    """Leave out what the program never opens."""
    return [entry for entry in entries if not _UNUSED.fullmatch(_posix(entry[0]))]


def smaller(entries: list[Entry], folder: Path) -> list[Entry]:
    """Make the libraries smaller where Linux brings more than the program uses; new files go to ``folder``."""
    if not sys.platform.startswith("linux"):
        return entries
    folder.mkdir(parents=True, exist_ok=True)
    opencv = next(Path(source) for target, source, _ in entries if re.fullmatch(r"cv2/cv2\.[^/]*so", target))
    replaced: list[Entry] = []
    for target, source, kind in entries:
        path = Path(source)
        if _REFUSED.fullmatch(target):
            path = build_stub(path, opencv, folder)
        elif PurePosixPath(target).name.startswith("libpython"):
            path = folder / path.name
            subprocess.run(["strip", "--strip-unneeded", "-o", path, source], check=True)
        replaced.append((target, str(path) if kind != "SYMLINK" else source, kind))
    return _reached(replaced)


def _reached(entries: list[Entry]) -> list[Entry]:
    """Leave out libraries that nothing inside needs any more."""
    libraries = {
        PurePosixPath(target).name: source
        for target, source, kind in entries
        if kind == "BINARY" and _is_library(target)
    }
    todo = [source for target, source, kind in entries if kind in ("BINARY", "EXTENSION") and not _is_library(target)]
    kept: set[str] = set()
    while todo:
        needed = {Path(name).name for name, _ in get_imports(todo.pop())} & libraries.keys() - kept
        kept |= needed
        todo += [libraries[name] for name in needed]
    return [entry for entry in entries if not _is_library(entry[0]) or PurePosixPath(entry[0]).name in kept]


def _is_library(target: str) -> bool:
    """Tell a library that others link to from extension modules and plugins, which are loaded by name."""
    path = PurePosixPath(target)
    return (
        bool(re.fullmatch(r"lib[^/]*\.so[.\d]*", path.name))
        and "plugins" not in path.parts
        and path.parts[:2] != ("openvino", "libs")
        and not path.name.startswith("libpython")
    )


def _posix(target: str) -> str:
    return target.replace("\\", "/")
