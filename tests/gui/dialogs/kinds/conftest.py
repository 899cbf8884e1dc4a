"""The window with red cells by kind, for its dialogs."""

from __future__ import annotations

from tests.gui.panels.gallery.kinds.conftest import by_kind, pytest_collection_modifyitems, smears

__all__ = ["by_kind", "pytest_collection_modifyitems", "smears"]
