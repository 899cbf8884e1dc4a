"""The version of the program."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("smearcount")
except PackageNotFoundError:  # running from a source tree that was not installed
    __version__ = "0.0.0"
