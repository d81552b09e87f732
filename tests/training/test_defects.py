"""Networks whose gradients the convolution library computes wrongly on some processors."""

import platform

import pytest
import torch
from geomem.errors import InputError
from geomem.models import build_model
from geomem.training.defects import refuse_overwriting
from torch import nn

from tests.training.problems import spec_of, training_of

CPU = torch.device("cpu")


@pytest.fixture
def processor(monkeypatch):
    """Have torch report the kernels of another x86-64 processor."""
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    for variable in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"):
        monkeypatch.delenv(variable, raising=False)

    def report(name):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: name)

    return report


def network(name="resnet18", width=4):
    return build_model({"name": name}, width, n_classes=5, image_shape=(1, 32, 32), seed=0)


def test_the_layer_is_named(processor):
    processor("AVX2")
    with pytest.raises(InputError, match=r"layer \S+conv\S*, a 1x1 .* has 4 input channels"):
        refuse_overwriting(network(), CPU)


def test_it_is_refused_before_the_first_step(processor, tmp_path):
    processor("AVX2")
    training = training_of(spec_of("resnet18", width=4), tmp_path)
    with pytest.raises(InputError, match="Take a wider network"):
        training.rehearse({})


def test_it_is_refused_where_an_epoch_is_trained_again(processor, tmp_path):
    processor("AVX2")
    training = training_of(spec_of("resnet18", width=4), tmp_path)
    with pytest.raises(InputError, match="Take a wider network"):
        training.state_after(1)


@pytest.mark.parametrize("variable", ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"])
def test_a_limit_of_the_library_counts_whatever_torch_reports(processor, monkeypatch, variable):
    processor("AVX512")
    monkeypatch.setenv(variable, "AVX2")
    with pytest.raises(InputError, match="has 4 input channels"):
        refuse_overwriting(network(), CPU)
    monkeypatch.setenv(variable, "AVX512_CORE")
    refuse_overwriting(network(), CPU)


def test_what_is_safe_is_taken(processor):
    processor("AVX2")
    for safe in (network(width=8), network("vgg-small"), network("densenet121")):
        refuse_overwriting(safe, CPU)
    refuse_overwriting(network(), torch.device("cuda"))
    plain = network()
    plain.memory_format = torch.contiguous_format
    refuse_overwriting(plain, CPU)
    processor("AVX512")
    refuse_overwriting(network(), CPU)


def test_channels_are_those_of_a_group(processor):
    processor("AVX2")
    layer = nn.Conv2d(16, 16, 1, stride=2, groups=4)
    with pytest.raises(InputError, match="has 4 input channels"):
        refuse_overwriting(nn.Sequential(layer), CPU)
    refuse_overwriting(nn.Sequential(nn.Conv2d(16, 16, 1, stride=2, groups=2)), CPU)
