"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""

from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn
from glassnet.errors import ValueRangeError

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 9)),
        st.tuples(st.just("insert"), st.integers(-3, 3), st.integers(1, 9)),
        st.tuples(st.just("pop"), st.integers(-3, 3)),
        st.tuples(st.just("set"), st.integers(-3, 3), st.integers(1, 9)),
        st.tuples(st.just("delete"), st.slices(5)),
        st.tuples(st.just("extend"), st.lists(st.integers(1, 9), max_size=2)),
    ),
    max_size=8,
)


def layer(size):
    return nn.Linear(size, 1)


def apply_step(row, step, make):
    """One change of a row, or of the plain list that it should behave like; what it raised, if anything."""
    kind, *args = step
    try:
        if kind == "append":
            row.append(make(args[0]))
        elif kind == "insert":
            if not -len(row) <= args[0] <= len(row):
                raise IndexError  # a list would take the nearest end
            row.insert(args[0], make(args[1]))
        elif kind == "pop":
            row.pop(args[0])
        elif kind == "set":
            row[args[0]] = make(args[1])
        elif kind == "delete":
            del row[args[0]]
        else:
            row.extend([make(n) for n in args[0]])
    except IndexError:
        return "IndexError"
    return None


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([nn.Sequential, nn.ModuleList]), STEPS)
def test_rows_change_as_lists_do(kind, steps):
    row, plain = kind(), []
    for step in steps:
        assert apply_step(row, step, layer) == apply_step(plain, step, lambda n: n)
        assert [m.in_features for m in row] == plain
        assert [n for n, _ in row.named_children()] == [str(i) for i in range(len(plain))]
        assert len(row) == len(plain)


def test_sequential_runs_in_order_and_nests():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Tanh(), nn.Linear(3, 1)))
    x = torch.rand(4, 2)
    assert torch.equal(model(x), model[1][1](torch.tanh(model[0](x))))
    assert nn.Sequential()(x) is x


def test_sequential_by_name_keeps_names_in_slices():
    model = nn.Sequential(OrderedDict([("first", nn.Linear(1, 2)), ("bend", nn.ReLU()), ("last", nn.Linear(2, 1))]))
    assert model.first is model[0] is model[-3]
    assert list(model[1:].state_dict()) == ["last.weight", "last.bias"]
    assert list((model[:1] + model[1:]).state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert len(model * 2) == 6
    assert len(model + model) == 6


def test_one_module_in_two_places_is_learnt_once():
    shared = nn.Linear(2, 2)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    assert len(model) == 3
    assert len(list(model.parameters())) == 2
    assert len(model.state_dict()) == 4
    x = torch.ones(1, 2)
    assert torch.equal(model(x), shared(torch.relu(shared(x))))


@pytest.mark.parametrize("row", [nn.Sequential(nn.ReLU()), nn.ModuleList([nn.ReLU()])])
def test_what_is_no_layer_is_refused(row):
    for call in (lambda: row.append(torch.relu), lambda: row.insert(0, "ReLU"), lambda: row.__setitem__(0, 3)):
        with pytest.raises(TypeError, match=r"expected a Module. Try a layer such as nn.ReLU\(\)"):
            call()
    with pytest.raises(TypeError, match=r"got the class Tanh as the layer 1; .* Try Tanh\(\) with brackets"):
        row.append(nn.Tanh)
    with pytest.raises(ValueRangeError, match=r"got index 3 for 1 modules; expected -1 to 0. Try 0"):
        row[3]
    with pytest.raises(TypeError, match="Try a list"):
        row.extend(5)
    with pytest.raises(TypeError):
        nn.Sequential(nn.ReLU()) + [nn.ReLU()]  # noqa: RUF005
    with pytest.raises(ValueRangeError):
        nn.Sequential(nn.ReLU()) * 0
    with pytest.raises(IndexError):
        nn.ModuleList().pop()


def test_module_list_registers_what_a_list_would_hide():
    layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    assert len(list(layers.parameters())) == 6
    assert [type(m) for m in layers[1:]] == [nn.Linear] * 2
    layers += [nn.ReLU()]
    assert repr(layers).splitlines()[1:] == [
        "  (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)",
        "  (3): ReLU()",
        ")",
    ]


def test_rows_are_added_up():
    model = nn.Sequential(nn.ReLU())
    model += nn.Sequential(nn.Tanh())
    assert repr(model) == "Sequential(\n  (0): ReLU()\n  (1): Tanh()\n)"
    longer = nn.ModuleList([nn.ReLU()]) + nn.ModuleList([nn.Tanh()])
    assert [repr(m) for m in longer] == ["ReLU()", "Tanh()"]
    assert repr(nn.ModuleList()) == "ModuleList()"
    with pytest.raises(ValueRangeError, match="got index 3 for 2 modules; expected -2 to 2"):
        longer.insert(3, nn.ReLU())


def test_module_dict():
    heads = nn.ModuleDict({"b": nn.Linear(1, 2)})
    heads["a"] = nn.Linear(1, 3)
    heads.update([("c", nn.ReLU())])
    assert list(heads) == list(heads.keys()) == ["b", "a", "c"]
    assert "a" in heads
    assert "z" not in heads
    assert [type(m).__name__ for m in heads.values()] == ["Linear", "Linear", "ReLU"]
    assert heads.pop("c") is not None
    assert [k for k, _ in heads.items()] == ["b", "a"]
    assert len(heads) == 2
    assert heads["a"](torch.ones(1, 1)).shape == (1, 3)
    for missing in (lambda: heads["z"], lambda: heads.pop("z")):
        with pytest.raises(KeyError):
            missing()
    with pytest.raises(ValueRangeError):
        heads["keys"] = nn.ReLU()  # would hide the method
    heads.clear()
    assert len(heads) == len(list(heads.parameters())) == 0


def test_parameter_list():
    bank = nn.ParameterList([torch.ones(2), 5])
    bank.append(torch.zeros(1)).extend([nn.Parameter(torch.ones(3))])
    bank += [torch.ones(1)]
    assert [type(v).__name__ for v in bank] == ["Parameter", "int", "Parameter", "Parameter", "Parameter"]
    assert [n for n, _ in bank.named_parameters()] == ["0", "2", "3", "4"]
    assert repr(bank).splitlines()[1:3] == [
        "    (0): Parameter containing: [torch.float32 of size 2]",
        "    (1): Object of type: int",
    ]
    assert bank[-1].tolist() == [1.0]
    assert len(bank[1:3]) == 2
    bank[0] = torch.zeros(4)
    assert bank[0].shape == (4,)
    with pytest.raises(ValueRangeError):
        bank[5]
    with pytest.raises(TypeError, match="got Tensor to extend by"):
        bank.extend(torch.ones(2))


def test_parameter_dict():
    bank = nn.ParameterDict({"b": torch.ones(2)})
    bank["a"] = nn.Parameter(torch.zeros(1))
    bank.update(OrderedDict(z=torch.ones(1), y="text"))
    assert list(bank) == list(bank.keys()) == ["b", "a", "z", "y"]
    assert [n for n, _ in bank.named_parameters()] == ["b", "a", "z"]
    assert repr(bank).splitlines()[4] == "    (y): Object of type: str"
    assert bank.get("y") == bank.pop("y") == "text"
    assert bank.get("y", 3) == 3
    assert "y" not in bank
    assert [k for k, _ in bank.items()] == ["b", "a", "z"]
    assert len(bank.values()) == len(bank) == 3
    with pytest.raises(KeyError):
        bank["y"]
    with pytest.raises(ValueRangeError):
        bank["items"] = torch.ones(1)
    bank.clear()
    assert list(bank.state_dict()) == []
