"""What the user has to know or to decide, over the view."""
