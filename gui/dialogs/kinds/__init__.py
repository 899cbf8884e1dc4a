"""Dialogs about kinds of cells: the differential count, teaching sets, and the kinds themselves."""
