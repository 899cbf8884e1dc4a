"""Make what is handed out on Linux from the frozen program: ``python packaging/archives.py DIST``.

One archive that runs where it is unpacked, and a Debian package. Both are reproducible: same files, same archive.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from identity import PACKAGING, draw_icon, program_version

_DEPENDS = "libc6, libegl1, libgl1, libxcb-cursor0, libxkbcommon-x11-0, libdbus-1-3, libfontconfig1"
_PACK = ("-4", "--threads=0")  # all processors: one alone takes minutes for the last few megabytes
_LINUX = PACKAGING / "linux"
_DEBIAN_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


def _forgetful(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who made the archive and when."""
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = "root"
    return info


def make_tar(dist: Path) -> Path:
    """Write ``SmearCount-<version>-linux-<machine>.tar.xz`` beside ``dist``."""
    name = f"SmearCount-{program_version()}-linux-{platform.machine()}"
    share = dist / "share"
    share.mkdir(exist_ok=True)
    for file in (_LINUX / "smearcount.desktop", _LINUX / "smearcount.xml"):
        shutil.copyfile(file, share / file.name)
    (share / "smearcount.png").write_bytes(draw_icon(256))
    shutil.copy(_LINUX / "install.sh", dist / "install.sh")
    target = dist.parent / f"{name}.tar.xz"
    with target.open("wb") as file:
        packer = subprocess.Popen(["xz", *_PACK], stdin=subprocess.PIPE, stdout=file)
        assert packer.stdin is not None
        with packer.stdin as pipe, tarfile.open(fileobj=pipe, mode="w|") as archive:
            archive.add(dist, name, filter=_forgetful)
        if packer.wait() != 0:
            raise subprocess.CalledProcessError(packer.returncode, packer.args)
    return target


def make_deb(dist: Path, build: Path) -> Path:
    """Write the Debian package beside ``dist``; ``build`` takes its tree."""
    root = build / "deb"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(
        dist, root / "opt" / "smearcount", symlinks=True, ignore=shutil.ignore_patterns("share", "install.sh")
    )
    for source, target in (("smearcount.desktop", "applications"), ("smearcount.xml", "mime/packages")):
        folder = root / "usr" / "share" / target
        folder.mkdir(parents=True)
        shutil.copyfile(_LINUX / source, folder / source)
    for size in (48, 128, 256):
        folder = root / "usr" / "share" / "icons" / "hicolor" / f"{size}x{size}" / "apps"
        folder.mkdir(parents=True)
        (folder / "smearcount.png").write_bytes(draw_icon(size))
    (root / "usr" / "bin").mkdir(parents=True)
    for name in ("smearcount", "smearcount-count"):
        (root / "usr" / "bin" / name).symlink_to(f"/opt/smearcount/{name}")
    machine = _DEBIAN_NAMES.get(platform.machine(), platform.machine())
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(
        f"Package: smearcount\nVersion: {program_version()}\nArchitecture: {machine}\n"
        "Maintainer: SmearCount contributors <nobody@localhost>\n"
        f"Installed-Size: {size // 1024}\nDepends: {_DEPENDS}\nSection: science\nPriority: optional\n"
        "Description: Count blood cells in photographs of stained smears\n"
        " Finds red cells, white cells and platelets, shows every cell that it counted, and lets a person decide.\n",
        encoding="utf-8",
    )
    target = dist.parent / f"smearcount_{program_version()}_{machine}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zxz", "-z4", "--build", root, target], check=True, capture_output=True
    )
    return target


def main() -> int:
    """Make the archives; nothing but on Linux."""
    dist = Path(sys.argv[1])
    if not sys.platform.startswith("linux"):
        return 0
    made = [make_tar(dist)]
    if shutil.which("dpkg-deb"):
        made.append(make_deb(dist, dist.parent.parent / "build"))
    for path in made:
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
