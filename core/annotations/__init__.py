"""Annotation formats in and out: Pascal VOC, YOLO, COCO and tables of boxes; points only in."""
