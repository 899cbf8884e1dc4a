"""``python -m core.cli`` is ``smearcount-count``."""

import sys

from core.cli.run import main

if __name__ == "__main__":
    sys.exit(main())
