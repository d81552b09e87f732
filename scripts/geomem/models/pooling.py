"""What is kept of a layer's output that has tokens or positions."""


def pooled_output(values, pooling, channel_axis):
    """What `Layer.pooling` keeps of outputs (n, ...).

    Parameters
    ----------
    values : Tensor, shape (n, ...)
    pooling : str
    channel_axis : int
        Which dimension features are in, counted from 0 without that of the images. `mean` and `max`
        are over all others; `first`, `last` and numbers are of tokens (n, tokens, features).

    Returns
    -------
    Tensor, shape (n, features), or with `none` as given
    """
    if pooling == "none":
        return values
    places = tuple(d for d in range(1, values.ndim) if d != channel_axis + 1)
    if pooling == "mean":
        return values.float().mean(places)
    if pooling == "max":
        return values.amax(places)
    return values[:, {"first": 0, "last": -1}[pooling] if not pooling.isdigit() else int(pooling)]
