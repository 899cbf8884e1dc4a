"""Write the demo smear that ships with the program: ``python packaging/render_demo_smear.py``."""

from pathlib import Path

from core.imaging.demo import render_demo_smear
from core.report.formats.annotated import write_picture

target = Path(__file__).parent.parent / "resources" / "demo" / "demo_smear.png"
write_picture(render_demo_smear().image, target)
