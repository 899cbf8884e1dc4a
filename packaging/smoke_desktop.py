"""A desktop of its own for the smoke test: an X server, real keys and clicks, and programs in a clean environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE_S = 60.0
_LOOK_S = 0.02
_TRIES = 4
_READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


class SmokeError(Exception):
    """The program did not do what it should."""


def wait_for(what: str, happens: Callable[[], object], patience: float = _PATIENCE_S) -> float:
    """Wait until something happens; return after how many seconds it did.

    Raises
    ------
    SmokeError
        If it does not happen in time.
    """
    started = time.monotonic()
    while not happens():
        if time.monotonic() - started > patience:
            raise SmokeError(f"{what}: not within {patience:g} s")
        time.sleep(_LOOK_S)
    return time.monotonic() - started


def _works(*command: str) -> bool:
    return (
        shutil.which(command[0]) is not None
        and not subprocess.run(command, capture_output=True, check=False).returncode
    )


class Desktop:
    """An X server without a person; ``home`` is the home folder of the programs started on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        for folder in (home, home / "run"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
        self._server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as answer:
            self.display = f":{answer.readline().strip()}"
        self._manager = None
        if shutil.which("openbox"):
            self._manager = subprocess.Popen(["openbox"], env=self.environment(), stderr=subprocess.DEVNULL)
        root = os.geteuid() == 0
        self._without_network = next(
            (prefix for prefix in (["unshare", "-n"], ["unshare", "-rn"]) if _works(*prefix, "true")), []
        )
        self._can_mount = root and _works("unshare", "-m", "sh", "-c", "mount --bind /tmp /tmp")

    @property
    def limits(self) -> str:
        """Say what of the isolation this computer allows."""
        network = "without network" if self._without_network else "with network (unshare is not allowed here)"
        return (
            f"{network}, {'mounted read-only' if self._can_mount or os.geteuid() else 'read-only by its rights alone'}"
        )

    def environment(self) -> dict[str, str]:
        """Return the environment of the programs: hardly anything."""
        return {
            "DISPLAY": self.display,
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            "XDG_RUNTIME_DIR": str(self.home / "run"),
        }

    def start(
        self, *command: str | Path, program: Path | None = None, output: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program from another folder than its own; ``program``: its folder, which it sees read-only."""
        prefix = list(self._without_network)
        if program is not None and self._can_mount:
            prefix += ["unshare", "-m", "sh", "-c", _READ_ONLY, "sh", str(program)]
        with (output or Path(os.devnull)).open("ab") as log:
            return subprocess.Popen(
                [*prefix, *map(str, command)], cwd="/", env=self.environment(), stdout=log, stderr=log
            )

    def close(self) -> None:
        """Stop the server, and what runs on it."""
        for process in (self._manager, self._server):
            if process is not None:
                process.terminate()
                process.wait()

    # -- windows -------------------------------------------------------------------------------

    def xdotool(self, *words: str) -> str:
        """Run xdotool; return what it prints."""
        command = ["xdotool", *words]
        return subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, check=False
        ).stdout.strip()

    def windows(self, title: str) -> list[str]:
        """Return the ids of the windows on the screen whose title matches."""
        return self.xdotool("search", "--onlyvisible", "--name", title).split()

    def title(self, window: str) -> str:
        """Return the title of a window."""
        return self.xdotool("getwindowname", window)

    def focus(self, title: str) -> str:
        """Wait for a window and give it the keyboard; return its id."""
        wait_for(f"a window “{title}”", lambda: self.windows(title))
        window = self.windows(title)[-1]
        self.xdotool("windowactivate" if self._manager else "windowfocus", "--sync", window)
        return window

    def keys(self, *keys: str) -> None:
        """Press keys one after the other."""
        self.xdotool("key", "--delay", "120", *keys)

    def press(self, key: str, what: str, happens: Callable[[], object]) -> None:
        """Press a key until something happens: the program may be busy when it is pressed first."""
        for trial in range(_TRIES):
            self.keys(key)
            try:
                wait_for(what, happens, _PATIENCE_S / _TRIES)
            except SmokeError:
                if trial == _TRIES - 1:
                    raise
            else:
                return

    def write(self, text: str) -> None:
        """Type a text."""
        self.xdotool("type", "--delay", "15", text)

    def click(self, window: str, x: int, y: int) -> None:
        """Click into a window, in pixels from its corner."""
        self.xdotool("mousemove", "--window", window, str(x), str(y))
        self.xdotool("click", "1")
