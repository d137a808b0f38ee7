"""What a network can be put together from: activations, starting weights and optimisers, each by the name users type.

These are the lists that the command line shows. A new activation, start or optimiser is one more row.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from glassnet import nn, optim
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.nn import init

if TYPE_CHECKING:
    from glassnet.train.settings import Settings

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "softplus": nn.Softplus,
    "mish": nn.Mish,
    "identity": nn.Identity,
}

# What stands between a layer's sums and its activation, made for a number of units.
NORMALIZATIONS: dict[str, Callable[[int], nn.Module] | None] = {
    "none": None,
    "batch": nn.BatchNorm1d,
    "layer": nn.LayerNorm,
}

# What `glassnet.data.augment_named` makes of names; it is not imported before somebody augments.
AUGMENTATIONS = ("flip", "shift", "rotate", "scale", "shear", "elastic", "noise", "erase")

# How a weight matrix W starts; the biases start at 0 where W does not keep its layer's own start ("default").
INITS: dict[str, Callable[[Tensor], Any] | None] = {
    "default": None,
    "kaiming_uniform": lambda W: init.kaiming_uniform_(W, nonlinearity="relu"),
    "kaiming_normal": lambda W: init.kaiming_normal_(W, nonlinearity="relu"),
    "xavier_uniform": init.xavier_uniform_,
    "xavier_normal": init.xavier_normal_,
    "orthogonal": init.orthogonal_,
    "normal": lambda W: init.normal_(W, std=0.01),
    "zeros": init.zeros_,
}


@dataclass(frozen=True)
class Rule:
    """An optimiser: how it is made, the rate that suits it, whether it wants all examples at once."""

    make: Callable[..., optim.Optimizer]
    rate: float
    momentum: bool = False
    decay: bool = True
    whole: bool = False
    fixed: tuple[tuple[str, Any], ...] = ()

    def __call__(self, parameters: Iterable[Any], settings: Settings) -> optim.Optimizer:
        """The optimiser, made with those of the settings that it knows."""
        options: dict[str, Any] = {"lr": settings.learning_rate, **dict(self.fixed)}
        if self.momentum:
            options["momentum"] = settings.momentum
        if self.decay:
            options["weight_decay"] = settings.weight_decay
        return self.make(parameters, **options)


def _sgd(parameters: Iterable[Any], momentum: float, **options: Any) -> optim.Optimizer:
    return optim.SGD(parameters, momentum=momentum, nesterov=momentum > 0, **options)


OPTIMIZERS: dict[str, Rule] = {
    "sgd": Rule(_sgd, rate=0.1, momentum=True),
    "adam": Rule(optim.Adam, rate=0.003),
    "adamw": Rule(optim.AdamW, rate=0.003),
    "nadam": Rule(optim.NAdam, rate=0.003),
    "radam": Rule(optim.RAdam, rate=0.003),
    "adamax": Rule(optim.Adamax, rate=0.005),
    "rmsprop": Rule(optim.RMSprop, rate=0.001, momentum=True),
    "adagrad": Rule(optim.Adagrad, rate=0.02),
    "adadelta": Rule(optim.Adadelta, rate=1.0),
    "asgd": Rule(optim.ASGD, rate=0.1),
    "rprop": Rule(optim.Rprop, rate=0.01, decay=False, whole=True),
    "lbfgs": Rule(optim.LBFGS, rate=1.0, decay=False, whole=True, fixed=(("line_search_fn", "strong_wolfe"),)),
}
WITH_MOMENTUM = tuple(name for name, rule in OPTIMIZERS.items() if rule.momentum)
WITH_DECAY = tuple(name for name, rule in OPTIMIZERS.items() if rule.decay)


def network(
    inputs: int, outputs: int, settings: Settings, embedded: tuple[int, list[tuple[int, int]]] | None = None
) -> nn.Sequential:
    """A multilayer perceptron: for each hidden layer Linear, normalization, activation, dropout; and a last Linear.

    `embedded` are the plain numbers of a table's row and the sizes of what is learnt for words, which then comes first.

    >>> from glassnet.train.settings import Settings
    >>> network(2, 3, Settings(hidden=(8,), activation="tanh"))
    Sequential(
      (0): Linear(in_features=2, out_features=8, bias=True)
      (1): Tanh()
      (2): Linear(in_features=8, out_features=3, bias=True)
    )
    """
    layers: list[nn.Module] = []
    if embedded is not None and embedded[1]:
        from glassnet.train.embed import EmbedColumns

        plain, tables = embedded
        layers.append(EmbedColumns(plain, [size for size, _ in tables], [width for _, width in tables]))
        inputs = plain + sum(width for _, width in tables)
    sizes = (inputs, *settings.hidden)
    for n_in, n_out in itertools.pairwise(sizes):
        layers.append(nn.Linear(n_in, n_out))
        normalize = NORMALIZATIONS[settings.normalization]
        if normalize is not None:
            layers.append(normalize(n_out))
        layers.append(ACTIVATIONS[settings.activation]())
        if settings.dropout:
            layers.append(nn.Dropout(settings.dropout))
    model = nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))
    start = INITS[settings.init]
    if start is not None:
        _start(model, start)
    return model


def _start(model: nn.Sequential, start: Callable[[Tensor], Any]) -> None:
    with no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear):
                start(layer.weight)
                init.zeros_(cast(Tensor, layer.bias))
