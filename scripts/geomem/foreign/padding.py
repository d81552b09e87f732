"""Tokens that only fill up a batch, as a mask among a model's inputs says."""

import numpy as np

from geomem.errors import InputError


def padded(inputs):
    """Which tokens are padding, by the masks whose names say what they mean.

    Parameters
    ----------
    inputs : mapping of str to array or Tensor
        `attention_mask` of Hugging Face is 0 at padding, torch's `..._padding_mask` is True there.
        A mask with negative numbers is one to be added to the attention.

    Returns
    -------
    dict of str to ndarray of bool, shape (n, tokens)
        By name of the mask; of masks of other shapes, which are no list of tokens, none.
    """
    found = {}
    for name, mask in inputs.items():
        if not name.endswith(("attention_mask", "padding_mask")):
            continue
        if (mask < 0).any():
            mask = mask < 0
        else:
            mask = mask == 0 if name.endswith("attention_mask") else mask != 0
        mask = np.asarray(mask.cpu() if hasattr(mask, "cpu") else mask)
        if mask.ndim == 2:
            found[name] = mask
    return found


def require_unpadded(where, shape, masks, pooling, axis):
    """Raise InputError if a pooling would take padding for tokens.

    Parameters
    ----------
    where : str
        What the message calls the output.
    shape : tuple
        Of the output.
    masks : dict
        As `padded` gives them; a mask is about a dimension that is as long as its own.
    pooling : str
        Any but `none`.
    axis : tuple of int
        Dimensions pooled over.
    """
    places = {"mean": slice(None), "max": slice(None), "first": 0, "last": -1}
    for name, mask in masks.items():
        length = mask.shape[1]
        if length not in [shape[number] for number in axis if number < len(shape)]:
            continue
        place = places[pooling] if pooling in places else slice(int(pooling), int(pooling) + 1)
        count = int(mask[:, place].reshape(len(mask), -1).any(axis=1).sum())
        if count:
            raise InputError(
                f"{where}: pooling {pooling} would take padding for tokens in {count} of "
                f"{len(mask)} inputs, by {name}; give inputs that are all as long, or pool outputs "
                "yourself and give them to write_activations"
            )
