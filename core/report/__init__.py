"""Handing a result in: gathered once from a session, written as CSV, XLSX, JSON, PDF and annotated pictures."""

from __future__ import annotations

from core.report.content import Contents, ReportContent, ReportImage, Sample
from core.report.gathering import gather, gathering, load_sample, save_sample
from core.report.sign_off import SignOff, load_sign_offs, sign

__all__ = [
    "Contents",
    "ReportContent",
    "ReportImage",
    "Sample",
    "SignOff",
    "gather",
    "gathering",
    "load_sample",
    "load_sign_offs",
    "save_sample",
    "sign",
]
