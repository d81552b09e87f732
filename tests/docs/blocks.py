"""Code in the pages: which blocks there are, and a program that follows a page step by step.

`python -m tests.docs.blocks PAGE` does in the working directory what the page says, in its order:
a block with a file name as title is written there, `sh` is run by bash, `python` continues the
blocks before it, and `text title="output"` must be what the block before printed. A comment
`<!-- given ... -->` holds Python that stands for what the reader has; a block after a comment
`<!-- not run: REASON -->` is not run.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PARTS = re.compile(
    r"^<!-- given\n(?P<given>.*?)^-->$"
    r"|^<!-- not run: (?P<reason>.+?) -->$"
    r'|^(?P<indent> *)```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<body>.*?)^ *```$',
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of a page: `language` ("given" for what the reader has), text, line, and so on."""

    language: str
    title: str
    text: str
    line: int
    left_out: str = ""

    @property
    def is_file(self):
        return "." in self.title


def pages():
    """Every page with code for users, below the root."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "config" / "README.md"]
    return [*found, *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page):
    """The Blocks of a page, in order."""
    text, found, reason = page.read_text(encoding="utf-8"), [], ""
    for match in _PARTS.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match["given"] is not None:
            found.append(Block("given", "", match["given"], line))
        elif match["reason"]:
            reason = match["reason"]
        else:
            body = textwrap.dedent(match["body"])
            language, title = match["language"] or "console", match["title"] or ""
            found.append(Block(language, title, body, line, reason))
            reason = ""
    return found


def follow(page):
    """Do what a page says, in the working directory; raises where a step fails."""
    namespace, printed = {"__name__": "page"}, ""
    sys.path.insert(0, os.getcwd())
    for block in blocks(page):
        where = f"{page.name}, line {block.line}"
        if block.left_out:
            continue
        if block.is_file:
            Path(block.title).write_text(block.text, encoding="utf-8")
        elif block.language in ("python", "given"):
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(block.text, where, "exec"), namespace)
            printed = out.getvalue()
            print(printed, end="")
        elif block.language == "sh":
            ended = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block.text], capture_output=True, text=True
            )
            printed = ended.stdout
            print(printed, ended.stderr, sep="")
            if ended.returncode:
                raise RuntimeError(f"{where}: exit status {ended.returncode}")
            if (made := re.search(r"^geomem init (\S+)$", block.text, re.MULTILINE)) and (
                Path(made.group(1)).is_dir()
            ):
                os.chdir(made.group(1))
                sys.path.insert(0, os.getcwd())
        elif block.title == "output" and block.text != printed:
            raise AssertionError(f"{where}: the page says\n{block.text}\nprinted was\n{printed}")


if __name__ == "__main__":
    follow(Path(sys.argv[1]))
