"""State dicts that live PyTorch writes, read without PyTorch."""

import io
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import FormatError
from glassnet.files.torch_pt import load_state_dict_pt

pytestmark = pytest.mark.peers

TYPES = [
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.uint16,
    torch.uint32,
    torch.uint64,
    torch.bool,
    torch.complex64,
    torch.complex128,
]
NETWORKS = {
    "mlp": lambda: torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)),
    "norms": lambda: torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.LayerNorm(3)),
    "convolutions": lambda: torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Flatten(), torch.nn.Linear(36, 2)),
    "embedding": lambda: torch.nn.Embedding(10, 3),
    "lstm": lambda: torch.nn.LSTM(3, 4, num_layers=2),
}


def saved(value, **options):
    stream = io.BytesIO()
    torch.save(value, stream, **options)
    return stream.getvalue()


def as_numpy(tensor):
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().numpy()


def assert_same(loaded, state):
    assert list(loaded) == list(state)
    for name, tensor in state.items():
        np.testing.assert_array_equal(loaded[name], as_numpy(tensor))
        assert loaded[name].dtype == as_numpy(tensor).dtype
        assert loaded[name].shape == tuple(tensor.shape)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name, protocol):
    state = NETWORKS[name]().state_dict()
    assert_same(load_state_dict_pt(saved(state, pickle_protocol=protocol)), state)


def test_a_path(tmp_path):
    state = NETWORKS["mlp"]().state_dict()
    torch.save(state, tmp_path / "model.pth")
    assert_same(load_state_dict_pt(tmp_path / "model.pth"), state)


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_every_type(dtype):
    state = {"a": torch.tensor([[0, 1], [1, 0]]).to(dtype), "empty": torch.zeros(0, 3, dtype=dtype)}
    assert_same(load_state_dict_pt(saved(state)), state)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_views_of_every_shape(data):
    """Slices, steps, transposes, expansions of one storage: what PyTorch sees is what is read."""
    size = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    tensor = torch.arange(int(np.prod(size)), dtype=torch.float32).reshape(size)
    for _ in range(data.draw(st.integers(0, 3))):
        axis = data.draw(st.integers(0, tensor.dim() - 1))
        kind = data.draw(st.sampled_from(["slice", "transpose", "expand", "unsqueeze"]))
        if kind == "slice":
            start = data.draw(st.integers(0, tensor.shape[axis]))
            index = [slice(None)] * tensor.dim()
            index[axis] = slice(start, None, data.draw(st.integers(1, 3)))
            tensor = tensor[tuple(index)]
        elif kind == "transpose":
            tensor = tensor.transpose(axis, 0)
        elif kind == "expand":
            tensor = tensor.unsqueeze(axis).expand(*tensor.shape[:axis], 3, *tensor.shape[axis:])
        else:
            tensor = tensor.unsqueeze(axis)
    state = {"view": tensor, "parameter": torch.nn.Parameter(tensor)}
    assert_same(load_state_dict_pt(saved(state)), state)


def test_a_checkpoint_with_an_optimiser():
    network = NETWORKS["mlp"]()
    optimiser = torch.optim.Adam(network.parameters())
    network(torch.ones(2, 4)).sum().backward()
    optimiser.step()
    data = saved({"model": network.state_dict(), "optimiser": optimiser.state_dict(), "epoch": 3, "loss": 0.5})
    assert_same(load_state_dict_pt(data, key="model"), network.state_dict())
    with pytest.raises(FormatError, match="key='model'"):
        load_state_dict_pt(data)


def test_tied_weights_are_stored_and_loaded_once():
    embedding, head = torch.nn.Embedding(7, 3), torch.nn.Linear(3, 7, bias=False)
    head.weight = embedding.weight
    loaded = load_state_dict_pt(saved({"in": embedding.weight, "out": head.weight}))
    assert np.shares_memory(loaded["in"], loaded["out"])


class _Attack:
    def __reduce__(self):
        return (print, ("run!",))


@pytest.mark.parametrize(
    "value",
    [
        NETWORKS["mlp"](),
        {"a": torch.ones(1), "b": _Attack()},
        {"a": np.float64(1)},
        {"a": torch.ones(1).to_sparse()},
        {"a": torch.ones(1, dtype=torch.float8_e4m3fn)},
        [torch.ones(1)],
        torch.ones(1),
    ],
    ids=["module", "attack", "numpy", "sparse", "float8", "list", "tensor"],
)
def test_everything_else_is_refused_and_nothing_runs(value, capsys):
    with pytest.raises(FormatError, match=r"\. Try "):
        load_state_dict_pt(saved(value))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("make", [lambda value: saved(value, _use_new_zipfile_serialization=False), pickle.dumps])
def test_other_forms_are_refused(make):
    with pytest.raises(FormatError, match="zip"):
        load_state_dict_pt(make({"a": torch.ones(1)}))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused():
    stream = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), stream)
    with pytest.raises(FormatError, match=r"a program from torch.jit.save|the name"):
        load_state_dict_pt(stream.getvalue())
