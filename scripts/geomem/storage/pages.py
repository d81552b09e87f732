"""HTML pages that carry their provenance and a checksum."""

import hashlib
import json
import re

from geomem.storage.atomic import damaged, missing, replacing

_COMMENT = re.compile(r"<!-- geomem ([0-9a-f]{64}) (\{.*\}) -->\n\Z")


def write_page(path, text, provenance):
    """Write HTML text; what describes it stands in a comment at its end."""
    # A comment ends at "-->", which no name in the settings may bring in. (In JSON these stand
    # within strings only, unlike a single "-".)
    described = json.dumps(provenance, sort_keys=True)
    for mark, code in (("--", "-\\u002d"), ("<", "\\u003c"), (">", "\\u003e")):
        described = described.replace(mark, code)
    with replacing(path) as temporary:
        comment = f"<!-- geomem {_checksum(text, described)} {described} -->\n"
        temporary.write_text(text + comment, encoding="utf-8")


def page_provenance(path):
    """The provenance dict of a page written by `write_page`.

    Raises
    ------
    DamagedFileError
        If the file is missing, is not such a page, or fails its checksum.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            content = file.read()
    except FileNotFoundError:
        raise missing(path) from None
    except ValueError as error:
        raise damaged(path, error) from error
    found = _COMMENT.search(content)
    if not found:
        raise damaged(path, "it does not end as a page of geomem does")
    checksum, described = found.groups()
    if checksum != _checksum(content[: found.start()], described):
        raise damaged(path, "its checksum does not match")
    return json.loads(described)


def _checksum(text, described):
    return hashlib.sha256(f"{text}\0{described}".encode()).hexdigest()
