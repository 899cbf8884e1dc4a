"""``python -m trainer.cli`` is ``smearcount-train``."""

import sys

from trainer.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
