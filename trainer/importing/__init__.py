"""Reading annotated pictures of any form into a manifest."""
