"""Programs that tests run in processes of their own, forked from one that has imported what they need.

``programs.py FOLDER MODULE...`` imports the modules, and runs a program for each line of JSON on the standard input:
``{"code": ..., "arguments": [...], "environment": {...}, "output": PIPE, "errors": FILE}``. It prints the program's
process id, and its exit status at the end. Compiled networks are kept in the folder.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
FORKS = sys.platform == "linux"
"""Elsewhere each program is started by itself, which takes longer."""


@dataclass
class Program:
    """A program that runs: its process, and what it writes."""

    process: int
    output: IO[bytes]

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)


@dataclass(frozen=True)
class Ended:
    """A program that ran to its end: its exit status, and what it wrote to standard output and standard error."""

    returncode: int
    said: str
    complained: str


class Programs:
    """Starts programs, one at a time."""

    def __init__(self, folder: Path, networks: Path, *modules: str) -> None:
        self._pipe, self._errors = folder / "output", folder / "errors"
        self._forking: subprocess.Popen[str] | None = None
        if FORKS:
            command = [sys.executable, "-m", __name__, str(networks), *modules]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            os.mkfifo(self._pipe)
            self._forking = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )

    @contextmanager
    def started(self, code: str, *arguments: str, **environment: str) -> Iterator[tuple[Program, list[int]]]:
        """Start a program; the list holds its exit status afterwards. Read its output to the end."""
        status: list[int] = []
        environment = {"QT_LOGGING_RULES": "*=false", **environment}
        if self._forking is None:
            command = [sys.executable, "-c", code, *arguments]
            places = {"cwd": ROOT, "env": {**os.environ, **environment}}
            with (
                self._errors.open("wb") as errors,
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, bufsize=0, **places) as alone,
            ):
                assert alone.stdout is not None
                yield Program(alone.pid, alone.stdout), status
                status.append(alone.wait())
            return
        assert self._forking.stdin is not None
        assert self._forking.stdout is not None
        task = {"code": code, "arguments": arguments, "environment": environment}
        streams = {"output": str(self._pipe), "errors": str(self._errors)}
        self._forking.stdin.write(json.dumps(task | streams) + "\n")
        self._forking.stdin.flush()
        process = int(self._forking.stdout.readline())
        try:
            with self._pipe.open("rb", buffering=0) as output:
                program = Program(process, output)
                try:
                    yield program, status
                except BaseException:  # the test failed: nobody will end the program
                    program.kill()
                    raise
        finally:
            status.append(int(self._forking.stdout.readline()))

    def run(self, code: str, *arguments: str, **environment: str) -> Ended:
        """Run a program to its end."""
        with self.started(code, *arguments, **environment) as (program, status):
            said = program.output.read()
        return Ended(status[0], said.decode(), self._errors.read_text("utf-8"))

    def close(self) -> None:
        if self._forking is not None:
            with self._forking:  # closes its standard input
                pass
            assert self._forking.returncode == 0


def code_of(script: Path) -> str:
    """Return the code that runs a script as a program."""
    return (
        f"import runpy, sys\nsys.path.insert(0, {str(script.parent)!r})\n"
        f"runpy.run_path({str(script)!r}, run_name='__main__')"
    )


def _be(code: str, arguments: list[str], environment: dict[str, str], output: str, errors: str) -> int:
    """Be the program from now on; return its exit status."""
    os.environ.update(environment)
    for stream, path in ((1, output), (2, errors)):
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(target, stream)
        os.close(target)
    sys.argv = ["program", *arguments]
    try:
        exec(compile(code, "program", "exec"), {"__name__": "__main__"})
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
    return 0


def _serve(networks: Path, modules: list[str]) -> None:
    from tests.known_networks import computed_once

    for module in modules:
        importlib.import_module(module)
    with computed_once(networks):
        for line in sys.stdin:
            child = os.fork()
            if not child:
                os._exit(_be(**json.loads(line)))  # without what the parent would do at its end
            sys.stdout.write(f"{child}\n")
            sys.stdout.flush()
            sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), sys.argv[2:])
