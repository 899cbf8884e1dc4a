"""The window: canvas, panels, worker thread and everything a person clicks."""
