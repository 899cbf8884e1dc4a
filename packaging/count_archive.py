"""Count a large archive on the machines of a Dask cluster: each part by ``smearcount-count``, then one result.

``python packaging/count_archive.py ARCHIVE --json result.json [--parts 64] [--scheduler tcp://HOST:8786]``

Without ``--scheduler`` this computer alone does the work, with two workers. Every machine needs SmearCount and the
same view of ARCHIVE and of the folder of the result; parts that are there already are not counted again, so that a
run that was stopped goes on. Needs the package ``distributed``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from distributed import Client, LocalCluster, as_completed
from rich.progress import track

COMMAND = [sys.executable, "-m", "core.cli.run"]
BAD_ARGUMENTS = 2


def main() -> int:
    """Count all parts and put them together; return the exit code of ``smearcount-count``."""
    parser = argparse.ArgumentParser(description="Count a large archive on a Dask cluster.")
    parser.add_argument("archive", type=Path, help="folder of the images")
    parser.add_argument("--json", type=Path, required=True, help="where the result goes; the parts go beside it")
    parser.add_argument("--parts", type=int, default=64, help="how many parts (default: %(default)s)")
    parser.add_argument("--scheduler", help="address of a running cluster (default: two workers here)")
    arguments = parser.parse_args()
    names = [f"{number}/{arguments.parts}" for number in range(1, arguments.parts + 1)]
    target: Path = arguments.json
    files = {name: target.with_name(f"{target.stem}.{name.replace('/', '-of-')}.json") for name in names}
    missing = [name for name in names if not files[name].exists()]
    cluster = arguments.scheduler or LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    )
    with Client(cluster) as client:
        running = [client.submit(count_part, arguments.archive, name, files[name], pure=False) for name in missing]
        for done in track(as_completed(running), "Counting", total=len(running)):
            if (failure := done.result()) is not None:
                sys.stderr.write(failure)
                return BAD_ARGUMENTS
    if isinstance(cluster, LocalCluster):
        cluster.close()
    parts = [str(file) for file in files.values()]
    return subprocess.run([*COMMAND, *parts, "--json", str(target)], check=False).returncode


def count_part(archive: Path, name: str, file: Path) -> str | None:
    """Count one part; return what went wrong, None if nothing did. Images that fail are in the result."""
    options = ["--recursive", "--quiet", "--shard", name, "--json", str(file)]
    run = subprocess.run(
        [sys.executable, "-m", "core.cli.run", str(archive), *options], capture_output=True, text=True, check=False
    )
    return run.stderr if run.returncode == BAD_ARGUMENTS else None


if __name__ == "__main__":
    sys.exit(main())
