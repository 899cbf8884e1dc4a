"""The application without a widget: services that hold the state of the window."""
