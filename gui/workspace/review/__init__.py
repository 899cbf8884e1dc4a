"""What a user must look at: field quality, duplicates, reviews."""
