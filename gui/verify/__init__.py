"""The page that checks the counts against a person's own."""
