"""Annotation formats in and out: Pascal VOC, YOLO, COCO and tables of boxes; points only in."""

from __future__ import annotations

from core.annotations.coco import write_coco
from core.annotations.reading import ImportedAnnotations, read_annotations
from core.annotations.table import write_csv
from core.annotations.training_set import export_training_set
from core.annotations.values import AnnotatedImage, AnnotationError, canonical_class
from core.annotations.voc import write_voc
from core.annotations.yolo import write_yolo

__all__ = [
    "AnnotatedImage",
    "AnnotationError",
    "ImportedAnnotations",
    "canonical_class",
    "export_training_set",
    "read_annotations",
    "write_coco",
    "write_csv",
    "write_voc",
    "write_yolo",
]
