"""Image files as such: which are counted, which are there twice, and which SmearCount wrote itself."""
