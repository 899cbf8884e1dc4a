"""Reports of an evaluation or comparison."""
