"""What the program remembers of a user, in one dialog."""
