"""`geomem cache`: checkpoints of trainings, listed or cleared."""

import shutil
import time
from pathlib import Path

from geomem import commands
from geomem.errors import DamagedFileError, InputError
from geomem.storage.lock import try_lock
from geomem.storage.tables import read_document
from geomem.training.state import StateStore

DEFAULT = Path("results/cache/training")


def main(argv=None):
    """List the checkpoints of trainings, or clear some."""
    parser = commands.parser("cache", main.__doc__)
    parser.add_argument(
        "--cache", type=Path, default=DEFAULT, help=f"their folder (default: {DEFAULT})"
    )
    parser.add_argument(
        "--clear",
        nargs="*",
        metavar="KEY",
        help="remove these trainings' checkpoints, all without a KEY; those in use are left",
    )
    parser.add_argument(
        "--unused-days",
        type=float,
        default=0,
        metavar="DAYS",
        help="list or clear only those not used for so many days",
    )
    arguments = parser.parse_args(argv)
    folders = _folders(arguments.cache, arguments.unused_days)
    if arguments.clear is None:
        _list(arguments.cache, folders)
    else:
        _clear(_selected(folders, arguments.clear, arguments.cache))
    return 0


def _folders(cache, unused_days):
    """Folders of trainings, least recently used first."""
    limit = time.time() - unused_days * 86400
    found = [path.parent for path in cache.glob("*/lock") if _last_use(path.parent) <= limit]
    return sorted(found, key=_last_use)


def _last_use(folder):
    note = folder / "key.json"
    return (note if note.exists() else folder).stat().st_mtime


def _size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _list(cache, folders):
    print(f"{'key':24s}  {'last used':16s}  {'MB':>8s}  training; saved epochs")
    for folder in folders:
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(_last_use(folder)))
        epochs = ", ".join(map(str, StateStore(folder).kept_epochs()))
        print(f"{folder.name:24s}  {used}  {_size(folder) / 1e6:8.1f}  {_about(folder)}; {epochs}")
    print(f"{len(folders)} trainings, {sum(map(_size, folders)) / 1e6:.1f} MB in {cache}")


def _about(folder):
    try:
        note = read_document(folder / "key.json")
    except DamagedFileError:
        return "unknown"
    return f"{note['model']['name']} width {note['width']} seed {note['seed']} on {note['device']}"


def _selected(folders, keys, cache):
    if not keys:
        return folders
    by_key = {folder.name: folder for folder in folders}
    for key in keys:
        if key not in by_key:
            raise InputError(f"--clear {key}: no such training in {cache}; list them without it")
    return [by_key[key] for key in keys]


def _clear(folders):
    cleared = 0
    for folder in folders:
        with open(folder / "lock", "a") as file:
            if not try_lock(file, folder):
                print(f"{folder.name} is in use; left")
                continue
            cleared += _size(folder)
            shutil.rmtree(folder)
            print(f"{folder.name} cleared")
    print(f"{cleared / 1e6:.1f} MB freed")
