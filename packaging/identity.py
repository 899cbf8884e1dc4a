"""What the program is called and looks like on each platform: version, icons, version resource."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGING = Path(__file__).parent
ROOT = PACKAGING.parent
ICON_SIZES = (16, 32, 48, 64, 128, 256)
_ICON_SUFFIX = {"win32": ".ico", "darwin": ".icns"}


def program_version() -> str:
    """Return the version of the installed project."""
    return version("smearcount")


def draw_icon(size: int) -> bytes:
    """Return the icon as PNG, ``size`` pixels wide."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(ROOT / "resources" / "icons" / "smearcount.svg")).render(painter)
    painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # pyright: ignore[reportArgumentType, reportCallIssue]  str, whatever the stub says
    return bytes(content.data())


def icon_file(folder: Path, platform: str = sys.platform) -> Path | None:
    """Write the icon of an executable as the platform wants it; None where executables have none."""
    import io

    from PIL import Image

    suffix = _ICON_SUFFIX.get(platform)
    if suffix is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"smearcount{suffix}"
    image = Image.open(io.BytesIO(draw_icon(1024 if suffix == ".icns" else max(ICON_SIZES))))
    image.save(target, sizes=[(size, size) for size in ICON_SIZES])
    return target


def version_resource(folder: Path, name: str) -> Path:
    """Write what Windows shows as the properties of an executable; return the file for PyInstaller."""
    text = (PACKAGING / "windows" / "version.txt").read_text(encoding="utf-8")
    numbers = [int(part) for part in program_version().split(".")[:3]]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}-version.txt"
    filled = text.replace("@NUMBERS@", ", ".join(map(str, [*numbers, 0])))
    target.write_text(filled.replace("@VERSION@", program_version()).replace("@NAME@", name), encoding="utf-8")
    return target


def bundle_facts() -> dict[str, Any]:
    """Return what the Info.plist of the macOS app says besides its name and version."""
    return {
        "NSHighResolutionCapable": True,
        "LSMinimumSystemVersion": "12.0",
        "LSApplicationCategoryType": "public.app-category.medical",
        "NSHumanReadableCopyright": "MIT licence",
        "UTExportedTypeDeclarations": [
            {
                "UTTypeIdentifier": "org.smearcount.session",
                "UTTypeDescription": "SmearCount session",
                "UTTypeConformsTo": ["public.data"],
                "UTTypeTagSpecification": {"public.filename-extension": ["smearcount"]},
            },
            {
                "UTTypeIdentifier": "org.smearcount.profile",
                "UTTypeDescription": "SmearCount profile",
                "UTTypeConformsTo": ["public.json"],
                "UTTypeTagSpecification": {"public.filename-extension": ["smearprofile"]},
            },
        ],
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": "SmearCount session",
                "LSItemContentTypes": ["org.smearcount.session"],
                "CFBundleTypeRole": "Editor",
                "LSHandlerRank": "Owner",
            },
            {
                "CFBundleTypeName": "SmearCount profile",
                "LSItemContentTypes": ["org.smearcount.profile"],
                "CFBundleTypeRole": "Viewer",
                "LSHandlerRank": "Owner",
            },
            {
                "CFBundleTypeName": "Photograph",
                "LSItemContentTypes": ["public.image"],
                "CFBundleTypeRole": "Viewer",
                "LSHandlerRank": "Alternate",
            },
        ],
    }
