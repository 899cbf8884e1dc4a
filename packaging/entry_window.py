"""The frozen window starts here."""

import sys

from gui.app import main

sys.exit(main())
