"""The frozen headless command starts here."""

import sys

from core.cli import main

sys.exit(main())
