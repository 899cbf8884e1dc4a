"""The frozen headless command starts here."""

import sys

from core.cli.run import main

sys.exit(main())
