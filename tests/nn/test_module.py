"""The module tree: attributes, names, states, hooks, and how errors name the layer."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn
from glassnet.core.mode import World, recording
from glassnet.errors import DTypeError, NotSupportedError, ShapeError, ValueRangeError


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 5)
        self.act = nn.ReLU()
        self.fc2 = nn.Linear(5, 1)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Net()
        self.layers = nn.ModuleList([Net(), Net()])

    def forward(self, x, use=None):
        return self.block(x) if use is None else self.layers[use](x)


# ---- attributes -----------------------------------------------------------------------------------------------------


def test_a_module_is_its_vars():
    net = Net()
    assert {k for k, v in vars(net).items() if isinstance(v, nn.Module)} == {"fc1", "act", "fc2"}
    net.extra = nn.Parameter(torch.zeros(1))
    assert next(iter(dict(net.named_parameters()))) == "extra"  # its own parameters come before its children's
    del net.fc1
    assert not hasattr(net, "fc1")
    assert "fc1.weight" not in net.state_dict()


def test_a_plain_list_hides_its_modules_and_a_plain_tensor_is_no_buffer():
    net = nn.Module()
    net.hidden = [nn.Linear(2, 2)]
    net.constant = torch.ones(3)
    assert list(net.parameters()) == list(net.buffers()) == list(net.state_dict()) == []


def test_the_order_is_that_of_first_assignment_of_the_kind():
    net = nn.Module()
    net.late = None
    net.a = nn.Parameter(torch.zeros(1))
    net.late = nn.Parameter(torch.zeros(1))
    net.a = nn.Parameter(torch.ones(1))
    assert [n for n, _ in net.named_parameters()] == ["a", "late"]


@pytest.mark.parametrize(
    ("value", "role"), [(nn.Linear(1, 1), "child"), (nn.Parameter(torch.ones(2)), "parameter"), (None, "buffer")]
)
def test_parts_are_not_replaced_by_something_else(value, role):
    net = nn.Module()
    if value is None:
        net.register_buffer("part", torch.ones(2))
    else:
        net.part = value
    with pytest.raises(TypeError, match=f"got float for the {role} part; expected a .* Try del module.part first"):
        net.part = 1.5
    net.part = None
    assert net.part is None
    assert list(net.state_dict()) == []


def test_a_tensor_for_a_parameter_is_refused_with_a_way_out():
    net = nn.Linear(2, 1)
    with pytest.raises(TypeError, match=r"Try module.weight = nn.Parameter\(tensor\)"):
        net.weight = torch.ones(1, 2)
    net.weight = nn.Parameter(torch.ones(1, 2))
    assert net(torch.ones(1, 2)).item() == pytest.approx(2 + net.bias.item(), rel=1e-6)


def test_before_init_only_plain_attributes_may_be_set():
    class Early(nn.Module):
        def __init__(self, value):
            self.size = 3
            self.part = value
            super().__init__()

    assert Early(5).part == 5
    for value in (nn.ReLU(), nn.Parameter(torch.ones(1))):
        with pytest.raises(AttributeError, match=r"part before super\(\).__init__\(\)"):
            Early(value)


def test_registering_checks_names_and_kinds():
    net = Net()
    for name in ("", "a.b"):
        with pytest.raises(ValueRangeError, match="no dot"):
            net.add_module(name, nn.ReLU())
    for name in ("forward", "fc1", "training"):
        with pytest.raises(ValueRangeError, match=f"got '{name}' as a name; expected one that is not taken"):
            net.register_buffer(name, torch.ones(1))
    with pytest.raises(TypeError, match=r"got the class ReLU as the layer act2; .* Try ReLU\(\) with brackets"):
        net.add_module("act2", nn.ReLU)
    with pytest.raises(TypeError, match="got 3 as a name; expected a string"):
        net.add_module(3, nn.ReLU())
    with pytest.raises(TypeError, match="expected a Parameter or None"):
        net.register_parameter("w", torch.ones(1))
    with pytest.raises(TypeError, match="expected a tensor or None"):
        net.register_buffer("b", [1.0])
    net.register_module("act2", nn.Tanh())
    net.register_parameter("w", None)
    net.register_buffer("empty", None)
    assert list(net.state_dict()) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]


def test_parameters_share_memory_with_their_data_and_refuse_integers():
    data = torch.zeros(2)
    p = nn.Parameter(data)
    with torch.no_grad():
        p += 1
    assert data.tolist() == [1.0, 1.0]
    assert nn.Parameter().shape == (0,)
    assert not nn.Parameter(torch.arange(3), requires_grad=False).requires_grad
    with pytest.raises(DTypeError):
        nn.Parameter(torch.arange(3))
    with pytest.raises(TypeError, match=r"Try Parameter\(torch.tensor\(data\)\)"):
        nn.Parameter([1.0])


# ---- the tree -------------------------------------------------------------------------------------------------------

TREES = st.recursive(
    st.builds(lambda n: ("leaf", n), st.integers(1, 3)),
    lambda inner: st.builds(lambda parts: ("row", parts), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=8,
)


def grown(tree):
    kind, content = tree
    if kind == "leaf":
        return nn.Linear(content, content, bias=content > 1)
    return nn.Sequential(*[grown(t) for t in content])


@settings(max_examples=50, deadline=None)
@given(TREES)
def test_every_name_finds_its_own(tree):
    net = grown(tree)
    named = dict(net.named_parameters())
    assert [id(p) for p in named.values()] == [id(p) for p in net.parameters()]
    assert list(named) == list(net.state_dict())
    for name, p in named.items():
        assert net.get_parameter(name) is p
    for name, module in net.named_modules():
        assert net.get_submodule(name) is module
    assert sum(1 for _ in net.modules()) == sum(1 for _ in net.named_modules())


@settings(max_examples=25, deadline=None)
@given(TREES)
def test_copies_are_equal_and_independent(tree):
    net = grown(tree)
    twin = copy.deepcopy(net)
    assert repr(twin) == repr(net)
    for (name, p), (other, q) in zip(net.named_parameters(), twin.named_parameters(), strict=True):
        assert name == other
        assert type(q) is nn.Parameter
        assert np.array_equal(p.array, q.array)
        assert not np.shares_memory(p.array, q.array)


def test_shared_parts_stay_shared_in_copies_and_count_once():
    net = nn.Module()
    net.a = nn.Linear(2, 2)
    net.b = nn.Linear(2, 2)
    net.b.weight = net.a.weight
    twin = copy.deepcopy(net)
    assert twin.b.weight is twin.a.weight
    assert [n for n, _ in net.named_parameters()] == ["a.weight", "a.bias", "b.bias"]
    assert len(net.state_dict()) == 4


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(
        AttributeError, match=r"got 'fc3' as the name of a module; expected one of \['fc1', 'act', 'fc2'\]"
    ):
        Net().get_submodule("fc3")
    with pytest.raises(
        AttributeError, match=r"got 'fc1.w' as the name of a parameter; expected one of .* Try 'fc1.weight'"
    ):
        Net().get_parameter("fc1.w")
    with pytest.raises(AttributeError, match="the module has no buffers"):
        Net().get_buffer("mean")


def test_modes_gradients_and_dtypes():
    net = Deep()
    net(torch.ones(3, 2)).sum().backward()
    assert net.block.fc1.weight.grad is not None
    assert net.layers[0].fc1.weight.grad is None
    net.zero_grad(set_to_none=False)
    assert net.block.fc2.bias.grad.tolist() == [0.0]
    net.zero_grad()
    assert net.block.fc2.bias.grad is None
    assert not any(m.training for m in net.eval().modules())
    assert all(m.training for m in net.train().modules())
    assert {p.dtype for p in net.to("cpu").double().parameters()} == {torch.float64}
    assert {p.dtype for p in net.to(torch.ones(1)).parameters()} == {torch.float32}
    with pytest.raises(DTypeError, match="expected floating point"):
        net.to(torch.int64)
    with pytest.raises(NotSupportedError):
        net.cuda()
    with pytest.raises(NotSupportedError):
        net.to("cuda")
    with pytest.raises(ValueRangeError, match="expected True or False"):
        net.train(2)


def test_changing_the_dtype_spares_integers():
    norm = nn.BatchNorm1d(2).double()
    assert norm.num_batches_tracked.dtype == torch.int64
    assert norm.running_var.dtype == torch.float64


def test_what_apply_visits_last_is_the_module_itself():
    seen = []
    assert Net().apply(lambda m: seen.append(type(m).__name__)) is not None
    assert seen == ["Linear", "ReLU", "Linear", "Net"]


def test_short_names_of_dtypes():
    net = nn.Linear(1, 1)
    net(torch.ones(1, 1)).sum().backward()
    assert net.half().weight.dtype == net.weight.grad.dtype == torch.float16
    assert net.float().cpu().bias.dtype == torch.float32
    assert repr(net.bias).startswith("Parameter containing:\ntensor([")


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match=r"Try def forward\(self, x\)"):
        nn.Module()(1)


# ---- states ---------------------------------------------------------------------------------------------------------


def test_states_round_trip_and_accept_arrays():
    a, b = Deep(), Deep()
    state = a.state_dict()
    assert repr(b.load_state_dict({k: v.numpy() for k, v in state.items()})) == "<All keys matched successfully>"
    for name, t in b.state_dict().items():
        assert np.array_equal(t.array, state[name].array)
        assert not np.shares_memory(t.array, state[name].array)
    weight = b.block.fc1.weight
    b.load_state_dict(state)
    assert b.block.fc1.weight is weight  # copied in place: an optimiser keeps its hold


def test_loading_casts_unless_memory_is_taken_over():
    net = nn.Linear(1, 1, bias=False)
    double = {"weight": torch.tensor([[0.1]], dtype=torch.float64)}
    net.load_state_dict(double)
    assert net.weight.dtype == torch.float32
    net.load_state_dict(double, assign=True)
    assert net.weight.dtype == torch.float64
    assert np.shares_memory(net.weight.array, double["weight"].array)


def test_after_a_failed_load_nothing_has_changed():
    net = Net()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    wrong = {**{k: v * 0 + 7 for k, v in before.items()}, "fc2.bias": torch.ones(3)}
    with pytest.raises(ShapeError, match=r"size mismatch for fc2.bias: .* torch.Size\(\[3\]\)"):
        net.load_state_dict(wrong, strict=False)
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "fc1.weight"(.|\n)*Try strict=False'):
        net.load_state_dict({"fc2.bias": torch.ones(1)})
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    report = net.load_state_dict({"fc2.bias": torch.ones(1), "new": torch.ones(1)}, strict=False)
    assert repr(report).startswith("_IncompatibleKeys(missing_keys=['fc1.weight',")
    assert (report.missing_keys, report.unexpected_keys) == (["fc1.weight", "fc1.bias", "fc2.weight"], ["new"])
    assert net.fc2.bias.item() == 1.0
    for given_instead in (5, [("fc2.bias", 1)]):
        with pytest.raises(TypeError, match=r"Try model.state_dict\(\)"):
            net.load_state_dict(given_instead)
    with pytest.raises(TypeError, match=r"got list for fc2.bias; .* Try torch.tensor\(value\)"):
        net.load_state_dict({"fc2.bias": [1.0]}, strict=False)


# ---- hooks ----------------------------------------------------------------------------------------------------------


def test_hooks_see_replace_and_leave():
    layer, seen = nn.Linear(2, 2), []
    with layer.register_forward_hook(lambda m, args, y: seen.append((m is layer, len(args), tuple(y.shape)))):
        layer(torch.ones(3, 2))
    layer(torch.ones(3, 2))
    assert seen == [(True, 1, (3, 2))]
    doubled = layer.register_forward_pre_hook(lambda m, args: args[0] * 2)
    first = layer.register_forward_pre_hook(lambda m, args: (args[0] + 1,), prepend=True)
    assert torch.allclose(layer(torch.ones(1, 2)), nn.functional.linear(torch.ones(1, 2) * 4, layer.weight, layer.bias))
    doubled.remove()
    first.remove()
    first.remove()
    assert torch.equal(layer(torch.ones(1, 2)), nn.functional.linear(torch.ones(1, 2), layer.weight, layer.bias))


def test_hooks_with_keywords():
    class Scaled(nn.Module):
        def forward(self, x, by=1.0):
            return x * by

    module = Scaled()
    module.register_forward_pre_hook(lambda m, args, kwargs: (args, {"by": kwargs["by"] + 1}), with_kwargs=True)
    module.register_forward_hook(lambda m, args, kwargs, y: y + kwargs["by"], with_kwargs=True)
    assert module(torch.ones(1), by=2.0).item() == 6.0
    with pytest.raises(NotSupportedError, match="always_call"):
        module.register_forward_hook(print, always_call=True)


def test_backward_hooks_show_and_change_gradients():
    layer, seen = nn.Linear(1, 1, bias=False), []
    layer.weight.data = torch.tensor([[3.0]])
    layer.register_full_backward_hook(lambda m, gin, gout: seen.append((gin[0].item(), gout[0].item())))
    x = torch.tensor([[2.0]], requires_grad=True)
    for _ in range(2):  # the same tape may be read twice
        y = layer(x)
        y.sum().backward(retain_graph=True)
        y.sum().backward()
    assert seen == [(3.0, 1.0)] * 4
    layer.register_full_backward_hook(lambda m, gin, gout: (gin[0] * 10,))
    x.grad = None
    layer(x).sum().backward()
    assert x.grad.item() == 30.0


def test_backward_pre_hooks_change_what_comes_back_and_need_no_input_gradient():
    layer, seen = nn.Linear(1, 1, bias=False), []
    layer.register_full_backward_pre_hook(lambda m, gout: (gout[0] * 4,))
    layer.register_full_backward_hook(lambda m, gin, gout: seen.append((gin, gout[0].item())))
    layer(torch.tensor([[3.0]])).sum().backward()
    assert seen == [((None,), 4.0)]
    assert layer.weight.grad.item() == 12.0


def test_backward_hooks_of_two_inputs_may_look_but_not_touch():
    class Product(nn.Module):
        def forward(self, a, b):
            return a * b

    module, seen = Product(), []
    a, b = (torch.tensor([v], requires_grad=True) for v in (2.0, 5.0))
    handle = module.register_full_backward_hook(lambda m, gin, gout: seen.append([g.item() for g in (*gin, *gout)]))
    module(a, b).backward()
    assert seen == [[5.0, 2.0, 1.0]]
    handle.remove()
    module.register_full_backward_hook(lambda m, gin, gout: gin)
    with pytest.raises(NotSupportedError, match="one of 2 gradients"):
        module(a, b).backward()


# ---- replay ---------------------------------------------------------------------------------------------------------


def test_changes_of_a_module_are_told_to_recorded_steps():
    net = Net()
    for change in (
        lambda: net.eval(),
        lambda: setattr(net, "act", nn.Tanh()),
        lambda: net.requires_grad_(False),
        lambda: net.double(),
        lambda: net.register_forward_hook(lambda *a: None),
        lambda: delattr(net, "act"),
    ):
        before = World.version
        change()
        assert World.version > before


def test_setting_the_same_attribute_again_changes_nothing():
    net = Net()
    before = World.version
    net.training = True
    net.act = net.act
    assert World.version == before


def test_what_a_replay_could_not_repeat_is_noted():
    net = Net()
    with recording() as trace:
        net(torch.ones(1, 2))
        nn.MSELoss()(torch.ones(2), torch.ones(2))  # made within the step: harmless
        net.train()
    assert trace.obstacle is None
    assert trace.modules[:4] == [net, net.fc1, net.act, net.fc2]
    with recording() as trace:
        net.last = net.fc1(torch.ones(1, 2))
    assert "attribute last of Net is set" in trace.obstacle
    net.count = 0
    with recording() as trace:
        net.count += 1
    assert "attribute count of Net is set" in trace.obstacle
    net.register_forward_hook(lambda m, args, y: None)
    with recording() as trace:
        net(torch.ones(1, 2))
    assert "a hook on Net" in trace.obstacle


# ---- errors ---------------------------------------------------------------------------------------------------------


def message(call):
    with pytest.raises(Exception) as error:
        call()
    return str(error.value)


def test_errors_name_the_layer_by_its_path_exactly_once():
    got = "x has 3 features but weight expects 2 (x is (10, 3), weight is (5, 2)). Try Linear(3, 5)."
    x = torch.ones(10, 3)
    assert message(lambda: Net().fc1(x)) == f"linear: {got}"
    assert message(lambda: Net()(x)) == f"linear `fc1`: {got}"
    assert message(lambda: Deep()(x)) == f"linear `block.fc1`: {got}"
    assert message(lambda: Deep()(x, use=1)) == f"linear `layers.1.fc1`: {got}"
    assert message(lambda: nn.Sequential(nn.Sequential(Net()))(x)) == f"linear `0.0.fc1`: {got}"


def test_errors_without_a_word_in_front_are_named_too():
    net = nn.Sequential(nn.Flatten(5))
    assert message(lambda: net(torch.ones(2, 2))).startswith("`0`: got dim=5")


def test_errors_of_the_module_itself_keep_their_words():
    class Own(nn.Module):
        def forward(self, x):
            return x @ torch.ones(7, 7)

    assert message(lambda: Own()(torch.ones(2, 3))).startswith("matmul: got (2, 3) @ (7, 7)")


def test_names_that_are_left_out_say_what_to_use():
    with pytest.raises(NotSupportedError, match=r"nn.LSTM: got a name of PyTorch's .* Try a Linear layer"):
        nn.LSTM(3, 4)
    with pytest.raises(NotSupportedError, match=r"nn.functional.elu_: .* and inplace=True"):
        nn.functional.elu_(torch.ones(1))
    with pytest.raises(AttributeError):
        nn.NoSuchThing  # noqa: B018
    assert not hasattr(nn, "NoSuchThing")
    for name in nn.__all__:
        assert getattr(nn, name) is not None
