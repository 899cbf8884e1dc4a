"""``python -m trainer.cli`` is ``smearcount-train``."""

import sys

from trainer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
