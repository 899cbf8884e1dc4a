"""From detections to counts: thresholds, counting frame, edits, field quality, estimates."""
