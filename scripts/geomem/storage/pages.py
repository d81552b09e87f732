"""HTML pages that carry their provenance and a checksum."""

import hashlib
import json
import re

from geomem.storage.atomic import damaged, missing, replacing

_COMMENT = re.compile(r"<!-- geomem (\{.*\}) -->\n?\Z")


def write_page(path, text, provenance):
    """Write HTML text; what describes it stands in a comment at its end."""
    described = {"sha256": _checksum(text), "provenance": provenance}
    # A comment ends at "-->", which no name in the settings may bring in. (In JSON both stand
    # within strings only, unlike a single "-".)
    comment = json.dumps(described, sort_keys=True).replace("--", "-\\u002d")
    comment = comment.replace(">", "\\u003e")
    with replacing(path) as temporary:
        temporary.write_text(f"{text}<!-- geomem {comment} -->\n", encoding="utf-8")


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
        found = _COMMENT.search(content)
        described = json.loads(found.group(1))
        if described["sha256"] != _checksum(content[: found.start()]):
            raise damaged(path, "its checksum does not match")
        return described["provenance"]
    except FileNotFoundError:
        raise missing(path) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(path, error) from error


def _checksum(text):
    return hashlib.sha256(text.encode()).hexdigest()
