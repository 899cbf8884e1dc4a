"""The inference runtime, OpenVINO, kept from reporting its use.

As it is imported, OpenVINO sends an event to its makers and leaves an identifier in the person's home folder. A
program that looks at patients' slides must not. Where its telemetry package cannot be imported, OpenVINO uses a
stub of its own that does nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import openvino

_TELEMETRY = "openvino_telemetry"


def _import_silently() -> Any:
    before = sys.modules.get(_TELEMETRY)
    sys.modules[_TELEMETRY] = cast("Any", None)  # an import of it now fails as if it were not installed
    try:
        return import_module("openvino")
    finally:
        del sys.modules[_TELEMETRY]
        if before is not None:
            sys.modules[_TELEMETRY] = before


if not TYPE_CHECKING:
    openvino = _import_silently()

__all__ = ["openvino"]
