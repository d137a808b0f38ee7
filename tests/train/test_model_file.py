"""Model files: back to the last bit, and nothing but a named error from a file that is not what it claims."""

import itertools
import json
import os
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet import int64, nn, rand, zeros
from glassnet.core.mode import no_grad
from glassnet.core.random import get_rng_state, manual_seed
from glassnet.errors import FileError, FormatError, NotSupportedError
from glassnet.files import safetensors
from glassnet.train.embed import EmbedColumns
from glassnet.train.layers import LAYERS, build, check_flow, describe, shapes_of
from glassnet.train.model_file import load_model, save_model

PERCEPTRON = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))

# One layer of every type of the table, with arguments that are not the usual ones.
SAMPLES = {
    "Linear": nn.Linear(3, 2, bias=False),
    "Identity": nn.Identity(),
    "Flatten": nn.Flatten(2, -1),
    "Unflatten": nn.Unflatten(1, (2, 3)),
    "ReLU": nn.ReLU(),
    "ReLU6": nn.ReLU6(),
    "LeakyReLU": nn.LeakyReLU(0.3),
    "PReLU": nn.PReLU(4, 0.5),
    "ELU": nn.ELU(0.7),
    "CELU": nn.CELU(2.0),
    "SELU": nn.SELU(),
    "Sigmoid": nn.Sigmoid(),
    "LogSigmoid": nn.LogSigmoid(),
    "Hardsigmoid": nn.Hardsigmoid(),
    "Tanh": nn.Tanh(),
    "Hardtanh": nn.Hardtanh(-2.0, 3.0),
    "Softsign": nn.Softsign(),
    "Softplus": nn.Softplus(2.0, 10.0),
    "GELU": nn.GELU("tanh"),
    "SiLU": nn.SiLU(),
    "Hardswish": nn.Hardswish(),
    "Mish": nn.Mish(),
    "Softmax": nn.Softmax(1),
    "LogSoftmax": nn.LogSoftmax(-1),
    "Dropout": nn.Dropout(0.25),
    "AlphaDropout": nn.AlphaDropout(0.1),
    "BatchNorm1d": nn.BatchNorm1d(3, eps=1e-3, momentum=None),
    "BatchNorm2d": nn.BatchNorm2d(3, affine=False),
    "LayerNorm": nn.LayerNorm((2, 3), eps=1e-3),
    "Embedding": nn.Embedding(5, 2),
    "EmbedColumns": EmbedColumns(1, (5, 4), (3, 2)),
    "Conv2d": nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, groups=2, bias=False),
    "MaxPool2d": nn.MaxPool2d(2, stride=1, ceil_mode=True),
    "AvgPool2d": nn.AvgPool2d((2, 1), count_include_pad=False),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def test_there_is_a_sample_of_every_type():
    assert set(SAMPLES) == set(LAYERS)


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_comes_back_with_its_arguments(name, path):
    save_model(path, nn.Sequential(SAMPLES[name]))
    model, _ = load_model(path)
    assert repr(model) == repr(nn.Sequential(SAMPLES[name]))
    before = {k: v.array for k, v in SAMPLES[name].state_dict().items()}
    after = {k: v.array for k, v in model[0].state_dict().items()}
    assert set(before) == set(after)
    assert all(before[k].tobytes() == after[k].tobytes() and before[k].dtype == after[k].dtype for k in before)


@pytest.mark.parametrize("name", LAYERS)
def test_the_table_knows_the_tensors_of_a_layer_before_it_is_made(name):
    described = json.loads(json.dumps(describe(nn.Sequential(SAMPLES[name]))))
    made = {key: tuple(t.shape) for key, t in build(described).state_dict().items()}
    assert shapes_of(described, "file") == made


INPUTS = {
    "Linear": (1, 3), "BatchNorm1d": (1, 3), "BatchNorm2d": (1, 3, 4, 4), "Unflatten": (1, 6), "PReLU": (1, 4),
    "Conv2d": (1, 4, 7, 6), "MaxPool2d": (1, 2, 5, 5), "AvgPool2d": (1, 2, 5, 6), "Embedding": (1, 3),
    "EmbedColumns": (1, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_the_table_knows_what_comes_out_before_it_is_tried(name):
    shape = INPUTS.get(name, (1, 2, 2, 3))
    x = zeros(*shape, dtype=int64 if name == "Embedding" else None)
    described = describe(nn.Sequential(SAMPLES[name]))[0]
    arguments = {key: value for key, value in described.items() if key != "type"}
    expected, numbers = LAYERS[name].flow(shape, **arguments)
    assert tuple(SAMPLES[name].eval()(x).shape) == expected
    assert numbers >= np.prod(expected)


@pytest.mark.parametrize(
    ("model", "features", "message"),
    [
        (nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 3)), 2, r"layer 1: got Linear for an input of shape \(3,\)"),
        (nn.Sequential(nn.Sequential(nn.Unflatten(1, (2, 2)))), 5, "layer 0, layer 0: got Unflatten"),
        (nn.Sequential(nn.Conv2d(1, 1, 3)), 9, "layer 0: got Conv2d"),
        (nn.Sequential(nn.Unflatten(1, (1, 3, 3)), nn.MaxPool2d(5)), 9, "layer 1: got MaxPool2d"),
        (
            nn.Sequential(nn.Unflatten(1, (1, 3, 3)), nn.Conv2d(1, 1, 1, padding=2**20)),
            9,
            "makes .* at most 16,777,216",
        ),
        (nn.Sequential(nn.Unflatten(1, (1, 3, 3)), *[nn.Conv2d(1, 1, 1, padding=200)] * 40), 9, "at most 16,777,216"),
    ],
)
def test_an_example_that_does_not_fit_through_is_found_without_trying(model, features, message):
    with pytest.raises(FormatError, match=message):
        check_flow(describe(model), features, "file")


def test_nested_and_named_layers(path):
    inner = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    model = nn.Sequential({"first": nn.Linear(3, 4), "block": inner, "last": nn.Linear(4, 2, bias=False)})
    save_model(path, model)
    again, _ = load_model(path)
    assert list(again.state_dict()) == ["first.weight", "first.bias", "block.0.weight", "block.0.bias", "last.weight"]
    x = rand(5, 3)
    np.testing.assert_array_equal(again(x).array, model(x).array)


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_any_perceptron_says_the_same_after_a_round_trip(tmp_path_factory, sizes, seed):
    manual_seed(seed)
    layers = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), nn.Tanh())]
    model, x = nn.Sequential(*layers), rand(3, sizes[0])
    path = tmp_path_factory.getbasetemp() / "round_trip.safetensors"
    save_model(path, model)
    with no_grad():
        np.testing.assert_array_equal(load_model(path)[0](x).array, model(x).array)


def test_a_layer_used_twice_is_there_twice(path):
    act, linear = nn.Tanh(), nn.Linear(3, 3)
    model, x = nn.Sequential(linear, act, linear, act), rand(2, 3)
    save_model(path, model)
    again, _ = load_model(path)
    assert len(again) == 4
    np.testing.assert_array_equal(again(x).array, model(x).array)


def test_float64_stays_float64(path):
    save_model(path, nn.Sequential(nn.Linear(2, 2)).double())
    assert {p.array.dtype.name for p in load_model(path)[0].parameters()} == {"float64"}


def test_plain_values_travel_along(path):
    about = {"classes": ["ä", "b"], "nested": {"rate": 0.1, "none": None}}
    save_model(path, PERCEPTRON, about)
    assert load_model(path)[1] == about


def test_a_loaded_model_is_ready_for_use_and_leaves_the_random_numbers_alone(path):
    save_model(path, nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)))
    before = get_rng_state().copy()
    model, _ = load_model(path)
    np.testing.assert_array_equal(get_rng_state(), before)
    assert not model.training


def test_other_programs_see_ordinary_tensors(path):
    save_model(path, PERCEPTRON)
    tensors, metadata = safetensors.load(path)
    assert list(tensors) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    assert json.loads(metadata["glassnet"])["layers"][1] == {"type": "ReLU"}


def test_every_flipped_byte_is_noticed(path):
    save_model(path, nn.Sequential(nn.Linear(2, 1)))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(FormatError):
            load_model(path)


def test_every_cut_is_noticed(path):
    save_model(path, nn.Sequential(nn.Linear(2, 1)))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            load_model(path)


# ---- what cannot be saved -------------------------------------------------------------------------------------------


class Own(nn.Module):
    def forward(self, x):
        return x


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (Own(), "model: got Own"),
        (nn.Sequential(nn.ReLU(), Own()), r"model\.1: got Own"),
        (nn.Sequential(nn.Sequential(Own())), r"model\.0\.0: got Own"),
        (nn.Sequential(nn.Embedding(3, 2, padding_idx=0)), "Embedding with padding_idx=0"),
        (nn.Sequential(nn.Conv2d(1, 1, 1, padding_mode="reflect")), "padding_mode='reflect'"),
        (nn.Linear(2, 2), "model: got Linear; expected a Sequential"),
    ],
)
def test_what_a_file_cannot_describe_is_named_and_nothing_is_written(model, named, path):
    with pytest.raises(NotSupportedError, match=named):
        save_model(path, model)
    assert not path.exists()


# ---- hostile files --------------------------------------------------------------------------------------------------

LINEAR = {"type": "Linear", "in_features": 2, "out_features": 1, "bias": True}
W, B = np.zeros((1, 2), np.float32), np.zeros(1, np.float32)


def write(path, layers=None, tensors=None, **other):
    description = {"format": 1, "layers": [LINEAR] if layers is None else layers, "about": {}, **other}
    tensors = {"0.weight": W, "0.bias": B} if tensors is None else tensors
    safetensors.save(path, tensors, {"glassnet": json.dumps(description)})


def test_the_honest_form_of_the_hostile_files_loads(path):
    write(path)
    assert load_model(path)[0][0].in_features == 2


HOSTILE_LAYERS = {
    "a type that is none": [{**LINEAR, "type": "Lambda"}],
    "a type by its path": [{**LINEAR, "type": "glassnet.nn.Linear"}],
    "a type of Python's": [{"type": "__class__"}],
    "a type that is a list": [{**LINEAR, "type": ["Linear"]}],
    "a type that is missing": [{"in_features": 2}],
    "a layer that is a number": [5],
    "no list": {"type": "ReLU"},
    "nothing": None,
    "an argument too many": [{**LINEAR, "device": "cuda"}],
    "an argument too few": [{"type": "Linear", "in_features": 2, "bias": True}],
    "a size that is negative": [{**LINEAR, "in_features": -2}],
    "a size that is a float": [{**LINEAR, "in_features": 2.0}],
    "a size that is a word": [{**LINEAR, "in_features": "2"}],
    "a size that is true": [{**LINEAR, "out_features": True}],
    "a size that is huge": [{**LINEAR, "in_features": 2**31}],
    "a size that is not the tensor's": [{**LINEAR, "in_features": 10**9}],
    "a flag that is a number": [{**LINEAR, "bias": 1}],
    "no bias for a tensor": [{**LINEAR, "bias": False}],
    "a layer without its tensors": [LINEAR, LINEAR],
    "a name with a dot": [{**LINEAR, "name": "a.b"}],
    "a name of the module's own": [{**LINEAR, "name": "forward"}],
    "a name with underscores": [{**LINEAR, "name": "__class__"}],
    "a name that is a number": [{**LINEAR, "name": "1"}],
    "a probability above one": [LINEAR, {"type": "Dropout", "p": 1.5}],
    "a slope that is a word": [LINEAR, {"type": "LeakyReLU", "negative_slope": "steep"}],
    "an axis out of reach": [LINEAR, {"type": "Flatten", "start_dim": 10**6, "end_dim": -1}],
    "a shape without end": [LINEAR, {"type": "Unflatten", "dim": 1, "unflattened_size": [1] * 100}],
    "groups that do not divide": [
        {"type": "Conv2d", "in_channels": 2, "out_channels": 1, "kernel_size": 1, "stride": 1, "padding": 0,
         "dilation": 1, "groups": 3, "bias": True}
    ],
    "layers inside layers without end": [{"type": "Sequential", "layers": [{"type": "Sequential", "layers": []}]}] * 3,
    "very deep layers": json.loads('[{"type":"Sequential","layers":' * 20 + "[]" + "}]" * 20),
    "a Sequential with arguments": [{"type": "Sequential", "layers": [], "p": 1}],
    "two of one name": [{"type": "Linear", "in_features": 2, "out_features": 1, "bias": True, "name": "a"}] * 2,
}  # fmt: skip


@pytest.mark.parametrize("layers", HOSTILE_LAYERS.values(), ids=HOSTILE_LAYERS)
def test_layers_that_are_not_right_are_named(layers, path):
    write(path, layers=layers if layers is not None else {})
    with pytest.raises(FormatError, match=r"model\.safetensors.*: got .*; expected .*\. Try"):
        load_model(path)


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"0.weight": W},
        {"0.weight": W, "0.bias": B, "1.weight": W},
        {"0.weight": W.T.copy(), "0.bias": B},
        {"0.weight": W.astype(np.int64), "0.bias": B},
        {"0.weight": W.astype(np.float16), "0.bias": B},
        {"weight": W, "bias": B},
    ],
)
def test_tensors_that_do_not_belong_to_the_layers(tensors, path):
    write(path, tensors=tensors)
    with pytest.raises(FormatError, match="expected"):
        load_model(path)


@pytest.mark.parametrize("other", [{"format": 2}, {"format": "1"}, {"format": None}, {"about": []}, {"more": 1}])
def test_other_formats(other, path):
    write(path, **other)
    with pytest.raises(FormatError, match="expected format"):
        load_model(path)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format": NaN}', '{"format":1,"format":1}', "[" * 1000])
def test_metadata_that_is_no_description(text, path):
    safetensors.save(path, {"0.weight": W}, {"glassnet": text})
    with pytest.raises(FormatError):
        load_model(path)


def test_bare_tensors_say_what_to_do_with_them(path):
    safetensors.save(path, {"0.weight": W})
    with pytest.raises(FormatError, match=r"got tensors without a model.*load_state_dict"):
        load_model(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match="a path that exists"):
        load_model(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize(
    "layers",
    [
        [{"type": "Linear", "in_features": 2**31 - 1, "out_features": 2**31 - 1, "bias": False}],
        [{"type": "LayerNorm", "normalized_shape": [2**20] * 3, "eps": 1e-5, "elementwise_affine": True, "bias": True}],
        [{"type": "Embedding", "num_embeddings": 2**31 - 1, "embedding_dim": 64}],
        [{"type": "ReLU"}] * 60_000,
    ],
)
def test_a_small_file_cannot_ask_for_much_memory(layers, path):
    write(path, layers=layers, tensors={})
    tracemalloc.start()
    try:
        with pytest.raises(FormatError):
            load_model(path)
        assert tracemalloc.get_traced_memory()[1] < 2 * os.path.getsize(path) + (64 << 20)
    finally:
        tracemalloc.stop()


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_change_to_a_description_is_loaded_or_named(tmp_path_factory, data):
    """Mutations of an honest header: nothing but a FormatError comes out, and nothing is run or opened."""
    path = tmp_path_factory.getbasetemp() / "mutated.safetensors"
    write(path)
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.binary(min_size=0, max_size=3))
    path.write_bytes(whole[:place] + change + whole[place + data.draw(st.integers(0, 3)) :])
    events = []
    watched = {
        "exec",
        "import",
        "subprocess.Popen",
        "socket.connect",
        "os.system",
        "marshal.loads",
        "pickle.find_class",
    }

    def hook(event, args):
        if events is not None and event in watched:
            events.append((event, args))

    _audit(hook)
    try:
        load_model(path)
    except FormatError:
        pass
    finally:
        found, _AUDITED[0] = list(events), None
    assert not found


_AUDITED = [None]


def _audit(hook):
    """Audit hooks stay for ever, so there is one that passes events on to whoever listens at present."""
    if not hasattr(sys, "_glassnet_model_file_hook"):
        sys._glassnet_model_file_hook = True
        sys.addaudithook(lambda event, args: _AUDITED[0](event, args) if _AUDITED[0] else None)
    _AUDITED[0] = hook
