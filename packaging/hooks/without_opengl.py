"""Runs before the frozen window: pyqtgraph imports Qt's OpenGL modules, 10 MB, only to offer what we never ask for."""

import sys
from types import ModuleType


class QOpenGLWidget:
    """Takes the place of Qt's; pyqtgraph makes one only if it is told to use OpenGL."""


for name in ("QtOpenGL", "QtOpenGLWidgets"):
    module = ModuleType(f"PySide6.{name}")
    module.__dict__["QOpenGLWidget"] = QOpenGLWidget
    sys.modules[module.__name__] = module
