"""Reports of the trainer: one page of HTML that holds everything, and its tables as CSV."""
