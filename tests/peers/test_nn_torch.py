"""Layers, containers and initialisation against PyTorch: numbers, gradients, names, printing, seeds, statistics."""

import warnings
from collections import OrderedDict

import numpy as np
import pytest
import torch

import glassnet
from glassnet import nn as our_nn
from glassnet.nn import left_out

pytestmark = pytest.mark.peers

BOTH = [(torch, torch.nn), (glassnet, our_nn)]


def plain(value):
    """Tensors as float64 arrays, containers of them as lists; the rest as it is."""
    if isinstance(value, torch.Tensor | glassnet.Tensor):
        return np.asarray(value.detach().numpy())
    if isinstance(value, dict):
        return [(k, plain(v)) for k, v in value.items()]
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def assert_same(ours, theirs, rtol, atol):
    if isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b, rtol, atol)
    elif isinstance(theirs, tuple):
        assert ours[0] == theirs[0]
        assert_same(ours[1], theirs[1], rtol, atol)
    elif isinstance(theirs, np.ndarray):
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)
    else:
        assert ours == theirs


def same(story, rtol=1e-10, atol=1e-12):
    """story(torch, nn) tells the same in both libraries, from the same seed, and leaves the same stream behind."""
    told = []
    for library, nn in BOTH:
        library.manual_seed(42)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            told.append(plain([story(library, nn), library.rand(2)]))
    assert_same(told[1], told[0], rtol, atol)


def numbers(*shape, seed=0, low=-2.0, high=2.0):
    return np.random.default_rng(seed).uniform(low, high, shape)


KINKS = np.array([[-7.0, -3.0, -1.0, -0.5, -0.0, 0.0], [0.5, 1.0, 3.0, 6.0, 20.0, 30.0]])
SIXTH = 1e-7, 1e-12  # PyTorch's slope of hardsigmoid is 1/6 in float32 for float64, too
IMAGE, LINE, ROWS = (2, 4, 7, 6), (3, 4, 8), (5, 4)

ACTIVATIONS = [
    lambda nn: nn.ReLU(),
    lambda nn: nn.ReLU6(),
    lambda nn: nn.LeakyReLU(),
    lambda nn: nn.LeakyReLU(0.2),
    lambda nn: nn.LeakyReLU(1.5),
    lambda nn: nn.LeakyReLU(-0.3),
    lambda nn: nn.PReLU(),
    lambda nn: nn.PReLU(6, init=0.1),
    lambda nn: nn.ELU(),
    lambda nn: nn.ELU(0.3),
    lambda nn: nn.SELU(),
    lambda nn: nn.CELU(),
    lambda nn: nn.CELU(0.5),
    lambda nn: nn.GELU(),
    lambda nn: nn.GELU("tanh"),
    lambda nn: nn.SiLU(),
    lambda nn: nn.Mish(),
    lambda nn: nn.Sigmoid(),
    lambda nn: nn.LogSigmoid(),
    lambda nn: nn.Tanh(),
    lambda nn: nn.Softsign(),
    lambda nn: nn.Hardtanh(),
    lambda nn: nn.Hardtanh(-3.0, 0.5),
    lambda nn: nn.Hardsigmoid(),
    lambda nn: nn.Hardswish(),
    lambda nn: nn.Tanhshrink(),
    lambda nn: nn.Softshrink(),
    lambda nn: nn.Softshrink(1.0),
    lambda nn: nn.Hardshrink(),
    lambda nn: nn.Threshold(0.5, -2.0),
    lambda nn: nn.GLU(),
    lambda nn: nn.GLU(0),
    lambda nn: nn.Softmax(dim=1),
    lambda nn: nn.Softmax(),
    lambda nn: nn.LogSoftmax(dim=0),
    lambda nn: nn.Softmin(dim=-1),
]


@pytest.mark.parametrize("make", ACTIVATIONS, ids=lambda make: repr(make(our_nn)))
def test_activations(make):
    """Values and slopes, also exactly at the kinks, where PyTorch takes one side; the second derivative too."""

    def story(torch, nn):
        layer = make(nn).double()
        x = torch.tensor(KINKS, requires_grad=True)
        y = layer(x)
        (slope,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
        if "Hardsigmoid" in repr(layer):  # PyTorch has no second derivative of it
            return [repr(layer), y, slope]
        bend = torch.autograd.grad((slope * slope).sum(), x)
        return [repr(layer), y, slope, bend, layer.state_dict()]

    same(story, *SIXTH if "Hardsigmoid" in ident([make]) else [])


@pytest.mark.parametrize(("beta", "threshold"), [(1.0, 20.0), (2.0, 20.0), (0.5, 5.0), (1.0, 1.0)])
def test_softplus(beta, threshold):
    """Above the usual threshold PyTorch returns x itself: 2e-9 less than the exact value that glassnet keeps."""

    def story(torch, nn):
        x = torch.tensor(KINKS, requires_grad=True)
        y = nn.Softplus(beta, threshold)(x)
        y.sum().backward()
        return [y, x.grad]

    same(story, rtol=1e-8)


IN_PLACE = ["ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "SiLU", "Mish", "Hardtanh", "Hardsigmoid", "Hardswish"]


@pytest.mark.parametrize("name", IN_PLACE)
def test_activations_in_place(name):
    def story(torch, nn):
        layer = getattr(nn, name)(inplace=True)
        x = torch.tensor(KINKS, requires_grad=True)
        h = x * 1.5
        y = layer(h)
        assert y is h
        (y * y).sum().backward()
        return [repr(layer), y, x.grad]

    same(story, *SIXTH if name == "Hardsigmoid" else [])


LAYERS = [
    (lambda nn: nn.Linear(4, 3), [ROWS]),
    (lambda nn: nn.Linear(4, 3, bias=False), [(2, 3, 4)]),
    (lambda nn: nn.Linear(4, 1), [(4,)]),
    (lambda nn: nn.Linear(4, 2, bias=False), [(4,)]),
    (lambda nn: nn.Bilinear(4, 3, 2), [ROWS, (5, 3)]),
    (lambda nn: nn.Bilinear(4, 3, 2, bias=False), [(2, 5, 4), (2, 5, 3)]),
    (lambda nn: nn.Identity(54, unused=True), [ROWS]),
    (lambda nn: nn.Flatten(), [IMAGE]),
    (lambda nn: nn.Flatten(0, 1), [IMAGE]),
    (lambda nn: nn.Unflatten(1, (2, 2)), [ROWS]),
    (lambda nn: nn.BatchNorm1d(4), [ROWS]),
    (lambda nn: nn.BatchNorm1d(4), [LINE]),
    (lambda nn: nn.BatchNorm1d(4, affine=False), [ROWS]),
    (lambda nn: nn.BatchNorm1d(4, track_running_stats=False), [ROWS]),
    (lambda nn: nn.BatchNorm1d(4, momentum=None), [ROWS]),
    (lambda nn: nn.BatchNorm1d(4, momentum=0.3, eps=0.1, bias=False), [ROWS]),
    (lambda nn: nn.BatchNorm2d(4), [IMAGE]),
    (lambda nn: nn.LayerNorm(4), [ROWS]),
    (lambda nn: nn.LayerNorm((7, 6)), [IMAGE]),
    (lambda nn: nn.LayerNorm(8, elementwise_affine=False), [LINE]),
    (lambda nn: nn.LayerNorm(4, bias=False, eps=0.1), [ROWS]),
    (lambda nn: nn.RMSNorm(4), [ROWS]),
    (lambda nn: nn.RMSNorm((4, 8), eps=0.1, elementwise_affine=False), [LINE]),
    (lambda nn: nn.GroupNorm(2, 4), [IMAGE]),
    (lambda nn: nn.GroupNorm(4, 4, affine=False), [LINE]),
    (lambda nn: nn.GroupNorm(1, 4, bias=False), [ROWS]),
    (lambda nn: nn.Conv2d(4, 6, 3), [IMAGE]),
    (lambda nn: nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, bias=False), [IMAGE]),
    (lambda nn: nn.Conv2d(4, 6, 2, groups=2, dilation=(2, 1)), [IMAGE]),
    (lambda nn: nn.Conv2d(4, 4, 3, groups=4, padding="same"), [IMAGE]),
    (lambda nn: nn.Conv2d(4, 2, (2, 4), padding="same", dilation=2), [IMAGE]),
    (lambda nn: nn.Conv2d(4, 2, 3, padding="valid"), [(4, 7, 6)]),
    (lambda nn: nn.Conv2d(4, 2, 3, padding=(2, 1), padding_mode="reflect"), [IMAGE]),
    (lambda nn: nn.Conv2d(4, 2, 3, padding="same", padding_mode="replicate"), [IMAGE]),
    (lambda nn: nn.Conv2d(4, 2, 3, padding=2, padding_mode="circular"), [IMAGE]),
    (lambda nn: nn.Conv1d(4, 6, 3, padding=1, stride=2), [LINE]),
    (lambda nn: nn.Conv1d(4, 6, 2, padding="same", groups=2), [(4, 8)]),
    (lambda nn: nn.Conv1d(4, 2, 3, padding=2, padding_mode="circular"), [LINE]),
    (lambda nn: nn.MaxPool2d(2), [IMAGE]),
    (lambda nn: nn.MaxPool2d((3, 2), stride=2, padding=1), [IMAGE]),
    (lambda nn: nn.MaxPool2d(3, stride=2, ceil_mode=True), [IMAGE]),
    (lambda nn: nn.MaxPool2d(2, dilation=2, stride=1), [(4, 7, 6)]),
    (lambda nn: nn.MaxPool1d(3, stride=2, padding=1), [LINE]),
    (lambda nn: nn.MaxPool1d(2, ceil_mode=True), [(4, 7)]),
    (lambda nn: nn.AvgPool2d(2), [IMAGE]),
    (lambda nn: nn.AvgPool2d((3, 2), stride=2, padding=1), [IMAGE]),
    (lambda nn: nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), [IMAGE]),
    (lambda nn: nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), [IMAGE]),
    (lambda nn: nn.AvgPool2d(3, stride=2, ceil_mode=True, count_include_pad=False), [(4, 7, 6)]),
    (lambda nn: nn.AvgPool2d(2, divisor_override=3), [IMAGE]),
    (lambda nn: nn.AvgPool1d(3, stride=2, padding=1), [LINE]),
    (lambda nn: nn.AvgPool1d(3, ceil_mode=True), [(4, 8)]),
    (lambda nn: nn.AdaptiveAvgPool2d(1), [IMAGE]),
    (lambda nn: nn.AdaptiveAvgPool2d((3, None)), [IMAGE]),
    (lambda nn: nn.AdaptiveAvgPool2d((5, 4)), [(4, 7, 6)]),
    (lambda nn: nn.CosineSimilarity(), [ROWS, ROWS]),
    (lambda nn: nn.PairwiseDistance(p=3.0, keepdim=True), [ROWS, ROWS]),
    (lambda nn: nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.GELU(), nn.Linear(8, 2)), [ROWS]),
]


def ident(case):
    return repr(case[0](our_nn)).replace("\n", "")


@pytest.mark.parametrize("case", LAYERS, ids=ident)
def test_layers(case):
    """Initial numbers (float32, same seed), then in float64: three batches in training, gradients, then evaluation."""
    make, shapes = case

    def story(torch, nn):
        layer = make(nn)
        told = [repr(layer), layer.state_dict()]
        layer.double()
        for step in range(3):
            xs = [torch.tensor(numbers(*s, seed=10 * step + i), requires_grad=True) for i, s in enumerate(shapes)]
            y = layer(*xs)
            layer.zero_grad()
            (y * torch.tensor(numbers(*y.shape, seed=99))).sum().backward()
            told += [y, [x.grad for x in xs], {name: p.grad for name, p in layer.named_parameters()}]
        layer.eval()
        told += [layer(*[torch.tensor(numbers(*s, seed=77)) for s in shapes]), layer.state_dict()]
        return told

    same(story, rtol=1e-6 if "momentum=None" in ident(case) else 1e-9, atol=1e-9)


@pytest.mark.parametrize("case", LAYERS, ids=ident)
def test_layers_in_float32(case):
    make, shapes = case

    def story(torch, nn):
        layer = make(nn)
        y = layer(*[torch.tensor(numbers(*s, seed=i).astype("float32")) for i, s in enumerate(shapes)])
        return [y, layer.state_dict()]

    same(story, rtol=1e-5, atol=2e-6)


def test_ties_in_max_pooling_give_the_gradient_to_the_first():
    def story(torch, nn):
        x = torch.tensor(np.round(numbers(2, 3, 6, 6)).clip(0), requires_grad=True)
        y, places = nn.MaxPool2d(3, stride=2, padding=1, return_indices=True)(x)
        (y * y).sum().backward()
        line, at = nn.MaxPool1d(2, return_indices=True)(x[0].detach())
        return [y, places, x.grad, line, at]

    same(story)


def test_embedding():
    def story(torch, nn):
        layer = nn.Embedding(6, 3, padding_idx=-2)
        told = [repr(layer), layer.weight]
        y = layer(torch.tensor([[1, 4, 1], [0, 5, 4]]))
        (y * y).sum().backward()
        fixed = nn.Embedding.from_pretrained(torch.ones(2, 3))
        return [*told, y, layer.weight.grad, repr(fixed), fixed.weight.requires_grad, fixed(torch.tensor(1))]

    same(story, rtol=1e-6)


DROPOUTS = [
    (lambda nn: nn.Dropout(), (6, 7)),
    (lambda nn: nn.Dropout(0.2), (3, 4, 5)),
    (lambda nn: nn.Dropout(0.9, inplace=True), (40, 33)),
    (lambda nn: nn.Dropout(0.0), (3,)),
    (lambda nn: nn.Dropout(1.0), (3,)),
    (lambda nn: nn.Dropout1d(0.4), (3, 4, 5)),
    (lambda nn: nn.Dropout1d(0.4), (4, 5)),
    (lambda nn: nn.Dropout2d(0.4), (3, 4, 5, 2)),
    (lambda nn: nn.AlphaDropout(0.3), (6, 7)),
    (lambda nn: nn.AlphaDropout(1.0), (6, 7)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", DROPOUTS, ids=lambda case: f"{case[0](our_nn)!r} {case[1]}")
def test_dropout_drops_what_pytorch_drops(case, dtype):
    make, shape = case

    def story(torch, nn):
        layer = make(nn)
        x = torch.tensor(numbers(*shape).astype(dtype), requires_grad=True)
        y = layer(x * 2)
        y.sum().backward()
        return [repr(layer), y, x.grad, layer(torch.ones(4, 4, 2)[:, :, 0].T), layer.eval()(x)]

    if (len(shape) > 2 and "Dropout1d" not in ident(case) and "2d" not in ident(case)) or len(shape) == 2:
        same(story, rtol=1e-6, atol=1e-6)
    else:
        same(lambda torch, nn: [make(nn)(torch.tensor(numbers(*shape).astype(dtype)))], rtol=1e-6)


class Names:
    """A model with every kind of attribute, written once for both libraries."""

    @staticmethod
    def make(torch, nn):
        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(2, 3)
                self.scale = nn.Parameter(torch.ones(3))
                self.norm = nn.BatchNorm1d(3)
                self.tied = self.first
                self.plain = torch.ones(5)
                self.many = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3), nn.Tanh()])
                self.by_name = nn.ModuleDict(OrderedDict(a=nn.ReLU(), b=nn.Sequential(nn.Linear(3, 1))))
                self.register_buffer("seen", torch.zeros(1))
                self.register_buffer("temporary", torch.zeros(1), persistent=False)
                self.register_parameter("absent", None)
                self.bank = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(1, 2)), 7])
                self.dictionary = nn.ParameterDict({"z": torch.ones(2), "y": "text"})
                self.loss = nn.CrossEntropyLoss(weight=torch.ones(3))

            def forward(self, x):
                return self.norm(self.first(x) * self.scale)

            def extra_repr(self):
                return "two\nlines"

        return Model()


def test_names_order_printing_and_state():
    def story(torch, nn):
        model = Names.make(torch, nn)
        told = [
            repr(model),
            [n for n, _ in model.named_parameters()],
            [n for n, _ in model.named_parameters(remove_duplicate=False)],
            [n for n, _ in model.named_parameters("pre", recurse=False)],
            [n for n, _ in model.named_buffers()],
            [n for n, _ in model.named_modules()],
            [n for n, _ in model.named_children()],
            list(model.state_dict()),
            list(model.state_dict(prefix="x.")),
            len(list(model.modules())),
            len(list(model.children())),
            repr(model.get_submodule("by_name.b")),
            model.get_parameter("many.1.bias"),
            model.get_buffer("norm.running_var"),
        ]
        model.scale = nn.Parameter(torch.zeros(3))
        model.norm = nn.Identity()
        model.late = nn.Parameter(torch.zeros(1))
        del model.many
        return [*told, list(model.state_dict()), repr(model)]

    same(story, rtol=1e-6)


def test_loading_reports_as_pytorch_does():
    texts = []

    def story(torch, nn):
        model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        state = model.state_dict()
        told = [repr(model.load_state_dict(state)), repr(model.load_state_dict({}, strict=False))]
        state = {"0.weight": torch.ones(3, 3), "2.bias": torch.ones(1), "extra": torch.ones(1)}
        with pytest.raises(RuntimeError) as error:
            model.load_state_dict(state)
        texts.append(str(error.value))
        return told

    same(story)
    theirs, ours = texts
    assert ours.startswith(theirs)
    assert ours[len(theirs) :].endswith("Nothing was changed. Try a model with the same sizes.")


def test_sequential_as_a_list():
    def story(torch, nn):
        model = nn.Sequential(OrderedDict(a=nn.Linear(1, 2), b=nn.ReLU(), c=nn.Linear(2, 1)))
        told = [repr(model[1:]), repr(model[-1]), len(model), [repr(m) for m in model]]
        model.append(nn.Tanh())
        told.append(repr(model))
        del model[1]
        told.append(repr(model))
        model.insert(1, nn.Sigmoid())
        model.extend(nn.Sequential(nn.ReLU()))
        model[0] = nn.Linear(1, 3)
        told += [repr(model.pop(2)), repr(model), repr(model + nn.Sequential(nn.ELU())), list(model.state_dict())]
        layers = nn.ModuleList([nn.Linear(1, 1)] * 3)
        layers += [nn.ReLU(), nn.ReLU()]
        layers.insert(0, nn.Tanh())
        return [
            *told,
            repr(layers),
            repr(layers[1:3]),
            repr(layers + nn.ModuleList([nn.ELU()])),
            list(layers.state_dict()),
        ]

    same(story, rtol=1e-6)


def test_hooks():
    def story(torch, nn):
        layer, seen = nn.Linear(2, 2), []
        layer.register_forward_pre_hook(lambda m, args: (args[0] * 2,))
        layer.register_forward_hook(lambda m, args, y: y + args[0])
        layer.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] * 3,))
        handle = layer.register_full_backward_hook(lambda m, gin, gout: seen.append([*gin, *gout]))
        layer.register_full_backward_hook(lambda m, gin, gout: None if gin[0] is None else (gin[0] * 0.5,))
        x = torch.tensor([[1.0, -2.0]], requires_grad=True)
        y = layer(x)
        y.sum().backward()
        told = [y, x.grad, layer.weight.grad, list(seen)]
        handle.remove()
        layer(x).sum().backward()
        layer(torch.ones(1, 2)).sum().backward()
        return [*told, x.grad, layer.weight.grad, len(seen)]

    same(story, rtol=1e-6)


def test_modes_and_kinds():
    def story(torch, nn):
        model = Names.make(torch, nn)
        model.eval()
        told = [[m.training for m in model.modules()]]
        model.many.train()
        told.append([m.training for m in model.modules()])
        model.requires_grad_(False)
        told.append([p.requires_grad for p in model.parameters()])
        model.to(torch.float64)
        told.append([str(t.dtype) for t in (*model.parameters(), *model.buffers())])
        names = []
        model.apply(lambda m: names.append(type(m).__name__))
        return [*told, names]

    same(story, rtol=1e-6)


INITS = [
    (lambda init, t: init.uniform_(t, -1, 3), (3, 4)),
    (lambda init, t: init.normal_(t, 1.0, 2.0), (5, 7)),
    (lambda init, t: init.normal_(t), (3,)),
    (lambda init, t: init.trunc_normal_(t, std=0.02), (6, 6)),
    (lambda init, t: init.trunc_normal_(t, mean=0.5, a=0.0, b=1.0), (4, 5)),
    (lambda init, t: init.constant_(t, 0.3), (2, 2)),
    (lambda init, t: init.ones_(t), (2,)),
    (lambda init, t: init.zeros_(t), (2,)),
    (lambda init, t: init.eye_(t), (2, 3)),
    (lambda init, t: init.dirac_(t), (4, 2, 3)),
    (lambda init, t: init.dirac_(t, groups=2), (4, 3, 3, 2)),
    (lambda init, t: init.xavier_uniform_(t), (5, 4)),
    (lambda init, t: init.xavier_uniform_(t, gain=2.0), (5, 4, 3)),
    (lambda init, t: init.xavier_normal_(t), (5, 4)),
    (lambda init, t: init.kaiming_uniform_(t), (5, 4)),
    (lambda init, t: init.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu"), (5, 4, 3)),
    (lambda init, t: init.kaiming_normal_(t, a=0.2), (5, 4)),
    (lambda init, t: init.orthogonal_(t), (4, 4)),
    (lambda init, t: init.orthogonal_(t, gain=2.0), (3, 5)),
    (lambda init, t: init.orthogonal_(t), (6, 2, 2)),
    (lambda init, t: init.sparse_(t, 0.4), (5, 3)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("number", range(len(INITS)))
def test_initialisation_draws_the_same_numbers(number, dtype):
    fill, shape = INITS[number]

    def story(torch, nn):
        t = torch.empty(*shape, dtype=getattr(torch, dtype), requires_grad=True)
        assert fill(nn.init, t) is t
        return t

    same(story, rtol=1e-5, atol=1e-6)


def test_gains():
    for name in ("linear", "sigmoid", "tanh", "relu", "selu", "conv2d", "leaky_relu"):
        assert our_nn.init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name), abs=1e-15)
    assert our_nn.init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_script_with_a_seed_trains_to_the_same_losses(seed):
    """200 steps of gradient descent in float32 with dropout and batch norm, written once."""

    def story(torch, nn):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 3))
        x = torch.rand(30, 2) * 4 - 2
        y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
        losses = []
        for _ in range(200):
            model.zero_grad()
            loss = nn.CrossEntropyLoss()(model(x), y)
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad
            losses.append(loss.item())
        assert losses[-1] < 0.7 * losses[0]
        return [torch.tensor(losses), model.state_dict()]

    same(story, rtol=2e-3, atol=2e-4)


def test_every_exported_name_exists_in_pytorch():
    assert [n for n in our_nn.__all__ if not hasattr(torch.nn, n)] == []
    assert [n for n in our_nn.functional.__all__ if not hasattr(torch.nn.functional, n)] == []
    assert [n for n in our_nn.init.__all__ if not hasattr(torch.nn.init, n)] == []


def test_every_layer_of_pytorch_is_here_or_says_what_to_use():
    layers = [n for n, c in vars(torch.nn).items() if isinstance(c, type) and issubclass(c, torch.nn.Module)]
    missing = [n for n in layers if n not in our_nn.__all__]
    assert len(missing) > 50
    for name in missing:
        with pytest.raises(glassnet.errors.NotSupportedError, match=f"nn.{name}: .* Try "):
            getattr(our_nn, name)
    for names in left_out.FUNCTIONS.values():
        for name in names.split():
            assert hasattr(torch.nn.functional, name)
            with pytest.raises(glassnet.errors.NotSupportedError, match=f"nn.functional.{name}: .* Try "):
                getattr(our_nn.functional, name)
