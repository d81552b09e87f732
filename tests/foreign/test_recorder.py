"""The recorder writes what the modules compute, and leaves the model as it was."""

from collections import UserDict

import numpy as np
import pytest
import torch
from geomem.errors import InputError
from geomem.foreign import Recorder
from geomem.foreign.activations import activation_file
from geomem.foreign.manifest import read_collection
from torch import nn

LABELS = torch.arange(4).repeat(5)


class Tokens(nn.Module):
    """Called with keywords; embeds tokens, and calls one module twice."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 6)
        self.mix = nn.Linear(6, 6)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, ids, scale):
        hidden = self.relu(self.mix(self.embed(ids)))
        return {"last": self.mix(hidden) * scale[:, None, None], "other": 1}


def features(folder, epoch=0):
    found = activation_file(read_collection(folder), 0, epoch, store="raw")
    kind = found.kinds[0]
    return {x["name"]: np.concatenate(found.features(x["index"], kind)) for x in found.layers}


def by_class(values):
    return values[torch.argsort(LABELS, stable=True)].flatten(1)


def test_a_convolution_before_an_inplace_relu(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Dropout(), nn.Flatten(),
        nn.Linear(48, 4),
    )  # fmt: skip
    model[3].eval()  # a mode of its own
    images = torch.randn(20, 2, 6, 6)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    Recorder(model, images, LABELS, tmp_path, batch_size=7)(0)
    modes = [module.training for module in model]
    assert modes == [True, True, True, False, True, True]
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    found = features(tmp_path)
    model.eval()
    with torch.no_grad():
        conv, logits = model[0](images), model(images)
    assert list(found) == ["0", "5"]
    np.testing.assert_allclose(found["0"], by_class(conv), atol=1e-6)
    np.testing.assert_allclose(found["5"], by_class(logits), atol=1e-6)
    pooled = tmp_path / "pooled"
    Recorder(model, images, LABELS, pooled, layers=["0"], pooling="mean", axis=(2, 3))(3)
    np.testing.assert_allclose(features(pooled, 3)["0"], by_class(conv.mean((2, 3))), atol=1e-6)


def test_keywords_tokens_and_a_module_called_twice(tmp_path):
    torch.manual_seed(0)
    model = Tokens()
    inputs = {"ids": torch.randint(10, (20, 8)), "scale": torch.rand(20)}
    Recorder(model, inputs, LABELS.numpy(), tmp_path, pooling="last")(0)
    found = features(tmp_path)
    assert list(found) == ["embed", "mix", "mix:2"]
    with torch.no_grad():
        embedded = model.embed(inputs["ids"])
        second = model.mix(torch.relu(model.mix(embedded)))
    np.testing.assert_allclose(found["embed"], by_class(embedded[:, -1]), atol=1e-6)
    np.testing.assert_allclose(found["mix:2"], by_class(second[:, -1]), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": ["conv*"]}, r"'conv\*' matches no module; there are embed, mix, relu"),
        ({"labels": LABELS[:-1]}, "inputs holds 20 examples and labels 19"),
        ({"pooling": "8"}, "8 places in dimension 1"),
        ({"pooling": "last", "axis": (1, 2)}, "Recorder: pooling last takes one axis"),
        ({"axis": 1}, r"Recorder: axis is \(1,\) without a pooling"),
    ],
)
def test_what_cannot_be_recorded(tmp_path, options, words):
    inputs = {"ids": torch.randint(10, (20, 8)), "scale": torch.rand(20)}
    options = {"labels": LABELS, **options}
    labels = options.pop("labels")
    with pytest.raises(InputError, match=words):
        Recorder(Tokens(), inputs, labels, tmp_path, **options)(0)
    assert not list(tmp_path.iterdir())


def test_tokens_first_are_refused(tmp_path):
    class First(nn.Sequential):
        def forward(self, x):
            return super().forward(x.movedim(1, 0))

    model = First(nn.Linear(6, 6))
    with pytest.raises(InputError, match=r"'0' returns shape \(8, 20, 6\) for 20 inputs"):
        Recorder(model, torch.randn(20, 8, 6), LABELS, tmp_path)(0)


class TokensFirst(nn.Module):
    """Takes inputs (n, T, 3), and turns them as `nn.Transformer` wants them by default."""

    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Linear(3, 8), nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.embed(x.transpose(0, 1)).mean(0))


@pytest.mark.parametrize("batch_size", [256, 20, 10, 7])
def test_as_many_tokens_as_inputs(tmp_path, batch_size):
    """Rows of the first tokens were written as points of the first inputs."""
    inputs = torch.randn(20, min(batch_size, 20), 3)
    with pytest.raises(InputError, match=r"'embed' returns shape .* in dimension 0"):
        Recorder(TokensFirst(), inputs, LABELS, tmp_path, batch_size=batch_size)(0)
    assert not list(tmp_path.iterdir())
    Recorder(TokensFirst(), inputs, LABELS, tmp_path, layers="head", batch_size=batch_size)(0)


def test_the_model_is_tried_with_fewer_inputs_once(tmp_path):
    model, sizes = nn.Sequential(nn.Linear(3, 4)), []
    model.register_forward_pre_hook(lambda module, given: sizes.append(len(given[0])))
    record = Recorder(model, torch.randn(20, 3), LABELS, tmp_path, batch_size=7)
    record(0)
    assert sizes == [7, 7, 6, 6]
    for epoch in (1, 2):
        sizes.clear()
        record(epoch)
        assert sizes == [7, 7, 6]
    assert [len(features(tmp_path, epoch)["0"]) for epoch in range(3)] == [20, 20, 20]


def test_batches_of_one_input(tmp_path):
    model, inputs = nn.Sequential(nn.Linear(3, 4)), torch.randn(20, 3)
    Recorder(model, inputs, LABELS, tmp_path, batch_size=1)(0)
    with torch.no_grad():
        np.testing.assert_allclose(features(tmp_path)["0"], by_class(model(inputs)), atol=1e-6)


class Spectrum(nn.Module):
    def forward(self, x):
        return torch.fft.fft(x)


def test_complex_outputs_are_refused(tmp_path):
    """Their imaginary parts were left out."""
    model = nn.Sequential(nn.Linear(6, 6), Spectrum())
    with pytest.raises(InputError, match=r"what '1' returns has type torch.complex64; expected"):
        Recorder(model, torch.randn(20, 6), LABELS, tmp_path, layers="*")(0)
    assert not list(tmp_path.iterdir())
    Recorder(model, torch.randn(20, 6), LABELS, tmp_path)(0)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("float64", "float64"), ("float32", "float32"), ("bfloat16", "float32")],
)
def test_outputs_keep_their_precision(tmp_path, kind, expected):
    """Of a model in double precision, far from the origin, single precision lost all."""
    torch.manual_seed(0)
    kind = getattr(torch, kind)
    model, inputs = nn.Sequential(nn.Linear(6, 4)).to(kind), torch.randn(20, 6).to(kind)
    with torch.no_grad():
        model[0].bias += 1e8
        written = by_class(model(inputs)).double().numpy()
    manifest = Recorder(model, inputs, LABELS, tmp_path)(0)
    [file] = manifest.parent.glob("*-0.npy")
    assert np.load(file).dtype == expected
    np.testing.assert_array_equal(features(tmp_path)["0"], written)


def test_a_model_without_parameters_and_inputs_of_numpy(tmp_path):
    images = np.random.default_rng(0).standard_normal((20, 2, 6, 6)).astype(np.float32)
    model = nn.Sequential(nn.MaxPool2d(2), nn.Flatten())
    Recorder(model, images, LABELS, tmp_path, layers="0")(0)
    expected = by_class(nn.functional.max_pool2d(torch.from_numpy(images), 2))
    np.testing.assert_allclose(features(tmp_path)["0"], expected, atol=1e-6)


def encoder(**options):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    return nn.TransformerEncoder(layer, 2, **options)


def test_modules_that_the_model_does_not_call_are_left_out_by_default(tmp_path):
    """Attention takes the weights of its last linear map and does not call it."""
    model, tokens = encoder(), torch.randn(20, 7, 16)
    Recorder(model, tokens, LABELS, tmp_path, pooling="mean")(0)
    expected = [f"layers.{number}.linear{i}" for number in (0, 1) for i in (1, 2)]
    assert list(features(tmp_path)) == expected
    with pytest.raises(InputError, match=r"does not call 'layers.0.self_attn.out_proj'; leave"):
        Recorder(model, tokens, LABELS, tmp_path, layers="*out_proj", pooling="mean")(0)


def test_channels_are_no_tokens(tmp_path):
    model, signals = nn.Sequential(nn.Conv1d(3, 8, 3)), torch.randn(20, 3, 10)
    with pytest.raises(InputError, match=r"'0' has shape \(20, 8, 8\): .*axis=2 for positions"):
        Recorder(model, signals, LABELS, tmp_path, pooling="mean")(0)
    Recorder(model, signals, LABELS, tmp_path, pooling="mean", axis=2)(0)
    with torch.no_grad():
        expected = by_class(model(signals).mean(2))
    np.testing.assert_allclose(features(tmp_path)["0"], expected, atol=1e-6)


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 6)

    def forward(self, ids, **masks):
        return self.embed(ids)


RIGHT = (torch.arange(8) < torch.arange(20)[:, None] % 4 + 5).long()  # tokens; the rest is padding


@pytest.mark.parametrize(
    ("masks", "pooling", "axis", "refused"),
    [
        ({"attention_mask": RIGHT}, "last", (), "last .* in 15 of 20 inputs, by attention_mask"),
        ({"attention_mask": RIGHT}, "mean", (1,), "mean .* in 15 of 20"),
        ({"attention_mask": RIGHT}, "6", (), "6 .* in 10 of 20"),
        ({"attention_mask": RIGHT}, "first", (), None),
        ({"attention_mask": RIGHT}, "mean", (2,), None),
        ({"attention_mask": RIGHT.flip(1)}, "last", (), None),
        ({"attention_mask": RIGHT.flip(1)}, "first", (), "first .* in 15 of 20"),
        ({"attention_mask": torch.ones(20, 8)}, "mean", (), None),
        ({"attention_mask": (RIGHT - 1) * 1e9}, "mean", (), "mean .* in 15"),
        ({"src_key_padding_mask": RIGHT == 0}, "max", (), "max .* by src_key_padding_mask"),
        ({"src_key_padding_mask": RIGHT < 0}, "max", (), None),
    ],
)
def test_padding_is_no_token(tmp_path, masks, pooling, axis, refused):
    inputs = UserDict({"ids": torch.randint(10, (20, 8)), **masks})  # as tokenizers return it
    record = Recorder(Masked(), inputs, LABELS, tmp_path, pooling=pooling, axis=axis)
    if refused:
        with pytest.raises(InputError, match=f"pooling {refused}"):
            record(0)
    else:
        record(0)
    Recorder(Masked(), inputs, LABELS, tmp_path / "all")(0)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_nested_tensors_are_refused(tmp_path):
    inputs = {"src": torch.randn(20, 8, 16), "src_key_padding_mask": RIGHT == 0}
    with pytest.raises(InputError, match=r"'layers.0' returns a nested tensor.*enable_nested"):
        Recorder(encoder(), inputs, LABELS, tmp_path, layers="layers.0", pooling="mean")(0)
    flat = encoder(enable_nested_tensor=False)
    Recorder(flat, inputs, LABELS, tmp_path, layers="layers.0", pooling="first")(0)
