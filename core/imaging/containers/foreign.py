"""Files that are no images that can be read, called by what they are."""

from __future__ import annotations

from core.imaging.containers.decoded import UNKNOWN
from core.text import gettext

OTHER_IMAGES = frozenset({  # of other programs, of cameras, and of microscopes and slide scanners
    ".jif", ".jfi", ".jps", ".jls", ".jxs", ".tf8", ".gif", ".mng", ".ico",
    ".heics", ".heifs", ".avifs", ".avif", ".jxl", ".jxr", ".wdp", ".hdp", ".psd", ".psb",
    ".xcf", ".tga", ".pcx", ".sgi", ".dds", ".ras", ".hdr", ".xpm",
    ".pam", ".pfm", ".exr", ".qoi", ".fits", ".fit", ".fts", ".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw",
    ".srf", ".sr2", ".orf", ".rw2", ".raf", ".pef", ".srw", ".x3f", ".3fr", ".czi", ".lsm", ".zvi", ".lif", ".lof",
    ".nd2", ".oib", ".oif", ".oir", ".vsi", ".stk", ".ims", ".svs", ".ndpi", ".ndpis", ".scn", ".mrxs", ".bif",
    ".qptiff", ".isyntax", ".tmap", ".kfb", ".sdpc", ".mdsx", ".dcm", ".dicom", ".flex", ".mvd2", ".r3d", ".mrc",
    ".nrrd", ".ics", ".spe", ".dv", ".raw", ".nii", ".nii.gz", ".npy", ".npz", ".zarr", ".h5", ".hdf5",
})  # fmt: skip
"""Suffixes of images of kinds that cannot be read."""

_BEGINNINGS = {
    b"GIF8": "GIF", b"8BPS": "Photoshop", b"gimp xcf": "GIMP", b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL", b"II\xbc": "JPEG XR", b"v/1\x01": "OpenEXR", b"qoif": "QOI",
    b"SIMPLE  =": "FITS", b"ZISRAWFILE": "CZI", b"\xda\xce\xbe\x0a": "ND2", b"\0\0\0\x0cjP  \r\n\x87\nND2": "ND2",
    b"P7\n": "PAM", b"PF\n": "PFM", b"Pf\n": "PFM",
}  # fmt: skip
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"crx ": "CR3"}


def refusal(head: bytes, suffix: str) -> str:
    """Return why a file cannot be read, by its first bytes (at least 16) or else its suffix, and the remedy."""
    kind = next((name for beginning, name in _BEGINNINGS.items() if head.startswith(beginning)), "")
    if head[4:8] == b"ftyp":
        kind = _BRANDS.get(head[8:12], "")
    if not kind and suffix.lower() in OTHER_IMAGES:
        kind = suffix.lower()
    if not kind:
        return UNKNOWN
    return gettext("images of the kind {kind} cannot be read; export it as TIFF, PNG or JPEG").format(kind=kind)
