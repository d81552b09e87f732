"""Running statistics at initialization: measured where there are none, kept where there are."""

import pytest
import torch
from geomem.analysis.networks import Snapshot, recalibrate, untracked_norms, with_statistics
from geomem.training.batches import Normalizer
from torch import nn

from tests.analysis import small

IMAGES = small.image_set()
NORMALIZER = Normalizer.fit(IMAGES.train_images)


def network(*norms):
    """A convolution for each norm, fresh."""
    torch.manual_seed(0)
    layers, channels = [], 1
    for norm in norms:
        layers += [nn.Conv2d(channels, 4, 3, padding=1), norm, nn.ReLU()]
        channels = 4
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * 16 * 16, 5)).eval()


def measured(model):
    state = {name: value.clone() for name, value in model.state_dict().items()}
    snapshot = Snapshot(0, state, "float32")
    found = with_statistics(model, snapshot, IMAGES.train_images, NORMALIZER).state
    assert not model.training and not any(module.training for module in model.modules())
    return found


def outputs(model, until):
    """What the norm at a place is given, for all training images in evaluation mode."""
    with torch.no_grad():
        return model[:until](NORMALIZER(torch.from_numpy(IMAGES.train_images)))


def pretrained(norm, batches=5000):
    nn.init.constant_(norm.running_mean, 3.0)
    nn.init.constant_(norm.running_var, 7.0)
    norm.num_batches_tracked.fill_(batches)
    return norm


@pytest.mark.parametrize("batches", [5000, 0], ids=["counted", "of another program"])
def test_statistics_of_a_network_trained_before_are_kept(batches):
    model = network(pretrained(nn.BatchNorm2d(4), batches))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    after = measured(model)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_counted_batches_are_enough():
    norm = nn.BatchNorm2d(4)
    norm.num_batches_tracked.fill_(1)
    assert untracked_norms(network(norm)) == []


def test_a_batch_norm_without_a_count_is_measured():
    norm = nn.BatchNorm2d(4)
    norm.num_batches_tracked = None
    model = network(norm)
    images = torch.from_numpy(IMAGES.train_images)
    recalibrate(model, images, NORMALIZER, norms=untracked_norms(model))
    values = outputs(model, 1)
    torch.testing.assert_close(norm.running_mean, values.mean((0, 2, 3)))
    torch.testing.assert_close(norm.running_var, values.var((0, 2, 3)))
    assert untracked_norms(model) == [] and norm.momentum == 0.1


def test_a_fresh_network_has_all_its_batch_norms_measured():
    model = network(nn.BatchNorm2d(4), nn.BatchNorm2d(4, track_running_stats=False))
    found = measured(model)
    other = network(nn.BatchNorm2d(4), nn.BatchNorm2d(4, track_running_stats=False))
    recalibrate(other, torch.from_numpy(IMAGES.train_images), NORMALIZER)
    expected = other.state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    values = outputs(model, 1)
    torch.testing.assert_close(found["1.running_mean"], values.mean((0, 2, 3)))
    torch.testing.assert_close(found["1.running_var"], values.var((0, 2, 3)))


def test_only_norms_without_statistics_are_measured():
    model = network(pretrained(nn.BatchNorm2d(4)), nn.BatchNorm2d(4))
    found = measured(model)
    assert found["1.running_mean"].eq(3).all() and found["1.running_var"].eq(7).all()
    assert int(found["1.num_batches_tracked"]) == 5000
    values = outputs(model, 4)  # through the first norm in evaluation mode
    torch.testing.assert_close(found["4.running_mean"], values.mean((0, 2, 3)))
    torch.testing.assert_close(found["4.running_var"], values.var((0, 2, 3)))


def test_every_norm_is_measured_for_rewinding():
    model = network(pretrained(nn.BatchNorm2d(4)), nn.BatchNorm2d(4))
    recalibrate(model, torch.from_numpy(IMAGES.train_images), NORMALIZER)
    values = outputs(model, 1)
    torch.testing.assert_close(model[1].running_mean, values.mean((0, 2, 3)))


@pytest.mark.parametrize("batch", [256, 40])
def test_instance_norms_that_track_are_measured(monkeypatch, batch):
    monkeypatch.setattr("geomem.analysis.networks._BATCH", batch)
    norm = nn.InstanceNorm2d(4, track_running_stats=True)
    model = network(norm, nn.InstanceNorm2d(4))
    found = measured(model)
    values = outputs(model, 1)
    torch.testing.assert_close(found["1.running_mean"], values.mean((0, 2, 3)))
    torch.testing.assert_close(found["1.running_var"], values.var((2, 3)).mean(0))
    assert norm.momentum == 0.1 and not norm._forward_pre_hooks
    model.load_state_dict(found)
    assert untracked_norms(model) == []


def test_an_instance_norm_that_was_trained_keeps_its_statistics():
    """It counts no batches."""
    norm = nn.InstanceNorm2d(4, track_running_stats=True)
    model = network(norm).train()
    model(NORMALIZER(torch.from_numpy(IMAGES.train_images)))
    before = norm.running_mean.clone()
    assert int(norm.num_batches_tracked) == 0
    found = measured(model.eval())
    assert torch.equal(found["1.running_mean"], before) and before.ne(0).all()
