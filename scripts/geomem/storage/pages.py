"""HTML pages that carry their provenance and a checksum."""

import json
import re

from geomem.storage.atomic import damaged, missing, replacing
from geomem.storage.seal import UNSEALED, seal, verify

_COMMENT = re.compile(r"<!-- (\{.*\}) geomem-sha256:[0-9a-f]{64} -->\n\Z")


def write_page(path, text, provenance):
    """Write HTML text; its provenance stands in a comment at its end."""
    # A comment ends at "-->", which no name in the settings may bring in. (In JSON these stand
    # within strings only, unlike a single "-".)
    described = json.dumps(provenance, sort_keys=True)
    for mark, code in (("--", "-\\u002d"), ("<", "\\u003c"), (">", "\\u003e")):
        described = described.replace(mark, code)
    with replacing(path) as temporary:
        temporary.write_text(f"{text}<!-- {described} {UNSEALED} -->\n", encoding="utf-8")
        seal(temporary)


def page_provenance(path):
    """The provenance dict of a page written by `write_page`.

    Raises
    ------
    DamagedFileError
        If the file is missing, is not such a page, or fails its checksum.
    """
    try:
        verify(path)
        with open(path, encoding="utf-8", newline="") as file:
            return json.loads(_COMMENT.search(file.read()).group(1))
    except FileNotFoundError:
        raise missing(path) from None
    except (ValueError, AttributeError) as error:
        raise damaged(path, error) from error
