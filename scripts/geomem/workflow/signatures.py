"""Functions for Snakemake with their signatures attached.

Snakemake asks for the signature of every input, params and resource function several times a job.
Working it out each time is a fifth of planning 10,000 jobs; `inspect` takes one that is attached.
"""

import functools
import inspect


def signed(function):
    """The same function with its signature attached.

    A method of an object is a new thing at every access and has no place for a signature, so the
    result is a plain function.
    """

    @functools.wraps(function)
    def call(*arguments, **named):
        return function(*arguments, **named)

    del call.__wrapped__  # else the signature is looked for there
    call.__signature__ = inspect.signature(function)
    return call


def sign_methods(made):
    """Replace the public methods of an object by signed ones."""
    for name, _ in inspect.getmembers(type(made), inspect.isfunction):
        if not name.startswith("_"):
            setattr(made, name, signed(getattr(made, name)))
