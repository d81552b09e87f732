"""What an experiment can be made of: one entry for each stage, table, measure, figure and data set.

The configuration's schema, the rules, the planning, the explorer and the tests read these entries,
so a further one is written down here once. Nothing here imports more than the standard library:
the code of an entry is named by import path, `package.module:function`, and imported by the jobs
that run it.

`geomem.registry.own` finds the functions that users name the same way.
"""
