"""Write the demo smear that ships with the program: ``python packaging/render_demo_smear.py``."""

from pathlib import Path

from core.annotate import write_picture
from core.demo import render_demo_smear

target = Path(__file__).parent.parent / "resources" / "demo" / "demo_smear.png"
write_picture(render_demo_smear().image, target)
