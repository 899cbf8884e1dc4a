"""Before Qt is loaded: look for a display, and for the system libraries that Qt needs."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEBIAN_PACKAGES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libfontconfig.so.1": "libfontconfig1",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
_NEEDED_WITHOUT_X = frozenset(
    {"libEGL.so.1", "libGL.so.1", "libxkbcommon.so.0", "libdbus-1.so.3", "libglib-2.0.so.0", "libfontconfig.so.1"}
)


def has_display(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> bool:
    """Tell whether a window can be shown. Windows and macOS always have a display."""
    environment = os.environ if environment is None else environment
    if not platform.startswith("linux"):
        return True
    return any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def missing_packages(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> list[str]:
    """Return the Debian packages of the system libraries that Qt lacks on this Linux."""
    environment = os.environ if environment is None else environment
    if not platform.startswith("linux"):
        return []
    needs_x = environment.get("DISPLAY") and environment.get("QT_QPA_PLATFORM", "xcb") == "xcb"
    names = _DEBIAN_PACKAGES if needs_x else _NEEDED_WITHOUT_X
    return sorted(_DEBIAN_PACKAGES[name] for name in names if not _loads(name))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
