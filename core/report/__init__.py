"""Reports: gathered once from a session, written as PDF, XLSX, CSV, JSON and annotated images."""
