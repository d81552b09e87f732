"""What an earlier `geomem geometry` left in a folder, told from the files of others there.

The folder that `--output` names may have figures and tables of the user's own: it may be that of a
paper. Nothing is replaced or deleted there but files that say that this command wrote them.
"""

import json

from geomem.errors import InputError

STAGE = "geometry"  # in the provenance of all that the command writes


def require_room(folder, names):
    """Raise InputError if writing below `folder` would replace files of others.

    Parameters
    ----------
    folder : pathlib.Path
    names : iterable of str
        Paths below it.
    """
    for path in map(folder.joinpath, names):
        if path.exists() and not is_own(path):
            raise InputError(
                f"{path} was not written by geomem geometry and would be replaced; move it, or "
                "name another folder, --output"
            )


def remove(folder, kinds):
    """Delete the files of an earlier call in a folder, such as those of other settings.

    Parameters
    ----------
    folder : pathlib.Path
    kinds : sequence of str
        How their names end, such as `.png`.
    """
    own = [path for kind in kinds for path in folder.glob(f"*{kind}") if is_own(path)]
    for path in own:
        path.unlink()


def is_own(path):
    """Whether a figure, a table or a page was written by this command, as its provenance says.

    Under another name it is a copy that somebody keeps. An SVG has no provenance and is what the
    PNG beside it is.
    """
    try:
        origin = _READERS[path.suffix](path)
        return origin["stage"] == STAGE and path.stem in _names(origin["spec"])
    except Exception:  # of what others wrote, reading can raise nearly anything
        return False


def _names(spec):
    return [spec["figure"]] if "figure" in spec else [*spec["analysis"]["measures"], "explorer"]


def _of_picture(path):
    from PIL import Image

    with Image.open(path.with_suffix(".png")) as picture:
        return json.loads(picture.info["provenance"])


def _of_table(path):
    from geomem.storage.tables import table_provenance

    return table_provenance(path)


def _of_page(path):
    from geomem.storage.pages import page_provenance

    return page_provenance(path)


_READERS = {
    ".png": _of_picture,
    ".svg": _of_picture,
    ".parquet": _of_table,
    ".html": _of_page,
}
