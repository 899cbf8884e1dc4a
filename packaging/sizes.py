"""Print the size of the frozen program by part, and hold it against the bar: ``python packaging/sizes.py DIST``."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

MOST_MB = 490
MOST_PACKED_MB = 160
_PARTS = (
    ("OpenVINO", r"_internal/openvino"),
    ("Qt and PySide6", r"_internal/(PySide6|shiboken6)"),
    ("OpenCV", r"_internal/(cv2|opencv_)"),
    ("decoders of images", r"_internal/(imagecodecs|tifffile|pi_heif|_pi_heif|simplejpeg)"),
    ("NumPy", r"_internal/numpy"),
    ("Pillow", r"_internal/(PIL|pillow)"),
    ("model, demo, fonts, guide", r"_internal/resources"),
    ("Python", r"_internal/(python3|libpython|base_library|lib-dynload|libcrypto|libssl)"),
    ("reports (reportlab)", r"_internal/reportlab"),
    ("plots (pyqtgraph)", r"_internal/pyqtgraph"),
    ("libraries of the system", r"_internal/lib[^/]*$"),
    ("the two executables", r"[^/]+$"),
)


def megabytes(size: int) -> float:
    """Return a size in units of a million bytes."""
    return size / 1e6


def by_part(dist: Path) -> Counter[str]:
    """Return the bytes of each part of the program; links count nothing."""
    sizes: Counter[str] = Counter()
    for path in dist.rglob("*"):
        if path.is_file() and not path.is_symlink():
            name = path.relative_to(dist).as_posix()
            part = next((part for part, pattern in _PARTS if re.match(pattern, name)), "other")
            sizes[part] += path.stat().st_size
    return sizes


def main() -> int:
    """Print the table; 1 if the program is larger than it may be."""
    dist = Path(sys.argv[1])
    sizes = by_part(dist)
    for part, size in sizes.most_common():
        sys.stdout.write(f"{part:28}{megabytes(size):8.1f} MB\n")
    total = megabytes(sizes.total())
    sys.stdout.write(f"{'all':28}{total:8.1f} MB, at most {MOST_MB}\n")
    good = total <= MOST_MB
    for archive in sorted(dist.parent.glob("*.tar.xz")) + sorted(dist.parent.glob("*.deb")):
        size = megabytes(archive.stat().st_size)
        sys.stdout.write(f"{archive.name:44}{size:8.1f} MB, at most {MOST_PACKED_MB}\n")
        good &= size <= MOST_PACKED_MB
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
