"""What is kept of a layer's output that has tokens or positions."""


def pooled_output(values, pooling):
    """Outputs (n, tokens, features) or (n, channels, height, width) as `Layer.pooling` says."""
    if pooling == "none":
        return values
    places = (1,) if values.ndim == 3 else (2, 3)
    if pooling == "mean":
        return values.float().mean(places)
    if pooling == "max":
        return values.amax(places)
    return values[:, {"first": 0, "last": -1}[pooling] if not pooling.isdigit() else int(pooling)]
