"""The three views of a sample, each put together from panels."""
