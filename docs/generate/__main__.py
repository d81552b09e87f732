"""Write every page of the site into a folder: `python -m docs.generate FOLDER`."""

import re
import shutil
import sys
from pathlib import Path

from docs.generate.commands import commands_page
from docs.generate.configuration import configuration_page
from docs.generate.gallery import draw_pictures, with_captions
from docs.generate.tables import tables_page

ROOT = Path(__file__).resolve().parents[2]
TOP = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}


def main(folder):
    """Replace `folder` by the pages of docs/, those of the repository's top and generated ones."""
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("generate", "__pycache__"))
    for source, name in TOP.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        (folder / name).write_text(re.sub(r"\]\(docs/", "](", text), encoding="utf-8")
    gallery = folder / "gallery.md"
    gallery.write_text(with_captions(gallery.read_text(encoding="utf-8")), encoding="utf-8")
    for name, make in GENERATED.items():
        (folder / "reference" / name).write_text(make(), encoding="utf-8")
    draw_pictures(folder / "figures" / "gallery")


GENERATED = {
    "configuration.md": configuration_page,
    "commands.md": commands_page,
    "tables.md": tables_page,
}

if __name__ == "__main__":
    main(sys.argv[1])
