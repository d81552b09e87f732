"""All tables of all experiments as the page holds them."""

from geomem.pages.explorer import examples
from geomem.pages.explorer.page import section
from geomem.pages.explorer.records import MOST_ROWS, allowances, records, shown


def sections(experiments, read, most=MOST_ROWS, images=None):
    """The tables of each experiment, packed.

    Parameters
    ----------
    experiments : dict of str to list of dict
        For each experiment, what `geomem.registry.tables.Table.described` gives of its tables.
    read : callable
        Gives the collected table of "EXPERIMENT/TABLE", a DataFrame.
    most : int
        Rows of single seeds in the page; beyond, large tables are thinned.
    images : dict of str to (str, ndarray, sequence of str), optional
        Of each experiment that has training images: name of the data set, indices of the images in
        the page, and names of the classes.

    Returns
    -------
    list of dict
        As `geomem.pages.explorer.page.page` takes them. Tables without rows are left out, and
        experiments without tables.
    """
    frames = {
        f"{name}/{table['name']}": shown(table, read(f"{name}/{table['name']}"))
        for name, tables in experiments.items()
        for table in tables
    }
    images = images or {}
    allowed = allowances({name: len(frame) for name, frame in frames.items()}, most)
    found = []
    for name, tables in experiments.items():
        packed = []
        for described in tables:
            key = f"{name}/{described['name']}"
            if described["view"] != "examples":
                rows, notes = records(described, frames[key], allowed[key])
            elif name in images:
                _, indices, classes = images[name]
                rows, notes = examples.records(frames[key], classes, indices)
            else:
                continue
            if len(rows):
                packed.append(section(described, rows, notes))
        if packed:
            data = images[name][0] if name in images else ""
            found.append({"name": name, "tables": packed, "images": data})
    return found
