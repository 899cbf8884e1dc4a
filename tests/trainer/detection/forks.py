"""Runs Python programs one after the other, each in a fork of itself, so that PyTorch is imported once.

A line of JSON on the standard input says what to run: ``{"code": ..., "arguments": [...], "output": FILE}``; the
code's own output and that of its children go to the file, and its exit status is printed.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

import trainer.detection.fit  # noqa: F401


def run(code: str, arguments: list[str], output: str) -> int:
    """Be the program from now on; return its exit status."""
    target = os.open(output, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(target, stream)
    sys.argv = ["program", *arguments]
    try:
        exec(compile(code, "program", "exec"), {"__name__": "__main__"})
    except SystemExit as ended:
        return int(ended.code or 0)
    except Exception:  # noqa: BLE001 - whatever ends a program ends it here
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(run(**json.loads(line)))  # without what the parent would do at its end
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()
