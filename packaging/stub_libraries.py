"""Stand-ins for libraries that OpenCV links to and SmearCount never calls (Linux).

OpenCV's wheel links to FFmpeg and to an OpenBLAS of its own, 72 MB, for reading videos and for linear algebra on
matrices of 25 rows and more. The loader wants the libraries to be there, so each is replaced with one that has the
names OpenCV asks for and nothing behind them: a call ends the program and says which function it was.
``tests/packaging`` holds the list of OpenCV functions that the program may use.
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_REFUSE = """
#include <stdio.h>
#include <stdlib.h>
static void refuse(const char *name) {
    fprintf(stderr, "SmearCount: %s is not part of the frozen program\\n", name);
    abort();
}
"""


def build_stub(library: Path, user: Path, folder: Path) -> Path:
    """Build a stand-in for ``library`` with the names that ``user`` asks of it; return its path in ``folder``.

    Raises
    ------
    subprocess.CalledProcessError
        If the compiler or binutils fail.
    FileNotFoundError
        If there is no compiler.
    """
    offered = {name for name, _ in _symbols(library, "--defined-only")}
    asked = [(name, node) for name, node in _symbols(user, "--undefined-only") if name in offered]
    nodes: defaultdict[str, list[str]] = defaultdict(list)
    for name, node in asked:
        nodes[node].append(name)
    source = folder / f"{library.name}.c"
    source.write_text(_REFUSE + "".join(f'void {name}(void) {{ refuse("{name}"); }}\n' for name, _ in asked))
    script = folder / f"{library.name}.map"
    script.write_text("".join(f"{node} {{ {'; '.join(names)}; }};\n" for node, names in nodes.items() if node))
    stub = folder / library.name
    options = ["-shared", "-fPIC", "-Os", "-s", "-fno-builtin", "-w", f"-Wl,-soname,{library.name}"]
    if script.stat().st_size:
        options.append(f"-Wl,--version-script,{script}")
    subprocess.run(["cc", *options, "-o", stub, source], check=True)
    return stub


def _symbols(library: Path, which: str) -> list[tuple[str, str]]:
    """Return the dynamic symbols of a library with their version ("" if they have none)."""
    command = ["nm", "--dynamic", "--with-symbol-versions", which, str(library)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    names = [line.split()[-1].partition("@") for line in lines]
    return [(name, node.lstrip("@")) for name, _, node in names]
