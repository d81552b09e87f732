"""Measures of a layer: functions of the inner products, or the features, of its manifolds."""
