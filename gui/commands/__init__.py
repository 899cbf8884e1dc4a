"""The actions of the window, their menus and their handlers."""
