"""What an experiment can be made of, one entry each.

Nothing here imports more than the standard library.
The code of an entry is named by import path, `package.module:function`, and imported by the jobs
that run it.
"""
