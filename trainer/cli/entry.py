"""Where ``smearcount-train`` starts: says what to install if the trainer's packages are missing."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the trainer's command; return its exit code."""
    try:
        from trainer.cli.main import main as run
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"The trainer needs packages that are not installed here ({error.name}). In the folder of the source, run: "
            'pip install -c constraints.txt -e ".[train]"\n'
        )
        return 2
    return run()
