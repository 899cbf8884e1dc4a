"""Images, detections, the detector and counting: everything between a file and a number."""
