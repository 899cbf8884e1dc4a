"""The lines of the window that are always there: sample, views and tools, status."""
