"""Layers as data: the closed table of what a model file may hold, and the way there and back.

A layer is written as its type and its arguments, `{"type": "Linear", "in_features": 2, "out_features": 3, …}`, and
read by looking its type up in `LAYERS`. Nothing in a file is ever looked up anywhere else, every argument is checked,
and the sizes of the tensors that a layer will hold are worked out (`tensors`) before the layer is made: a file cannot
ask for more memory than the numbers in it take.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from glassnet import nn
from glassnet.errors import FormatError, NotSupportedError, complain
from glassnet.nn.module import own_children
from glassnet.train.embed import EmbedColumns

Shape = tuple[int, ...]
Shapes = dict[str, Shape]

_MOST_LAYERS = 10_000
_LARGEST = 1 << 31
_LONGEST_SHAPE = 8
_MOST_COLUMNS = 10_000  # of a table that are embedded
_MOST_NUMBERS = 1 << 24  # that one example may become on its way: 64 MiB


class Argument(NamedTuple):
    """What an argument may be; files and live layers are held to the same rule."""

    holds: Callable[[Any], bool]
    expected: str


def _whole(value: Any, least: int = 0) -> bool:
    return type(value) is int and least <= value < _LARGEST


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _pair(value: Any, least: int) -> bool:
    several = isinstance(value, list | tuple) and len(value) == 2 and all(_whole(v, least) for v in value)
    return several or _whole(value, least)


def _shape(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) <= _LONGEST_SHAPE and all(_whole(v) for v in value)


def _sizes(value: Any) -> bool:
    return isinstance(value, list | tuple) and 0 < len(value) <= _MOST_COLUMNS and all(_whole(v, 1) for v in value)


SIZE = Argument(_whole, f"a whole number from 0 to {_LARGEST - 1:,}")
GROUPS = Argument(lambda v: _whole(v, 1), f"a whole number from 1 to {_LARGEST - 1:,}")
FLAG = Argument(lambda v: type(v) is bool, "true or false")
NUMBER = Argument(_number, "a finite number")
SHARE = Argument(lambda v: _number(v) and 0 <= v <= 1, "a number from 0 to 1")
SHARE_OR_NONE = Argument(lambda v: v is None or SHARE.holds(v), "a number from 0 to 1, or null")
AXIS = Argument(lambda v: type(v) is int and abs(v) <= _LONGEST_SHAPE, "the number of an axis")
AXIS_OR_NONE = Argument(lambda v: v is None or AXIS.holds(v), "the number of an axis, or null")
SHAPE = Argument(_shape, f"a list of at most {_LONGEST_SHAPE} sizes")
SIZES = Argument(_sizes, f"a list of at most {_MOST_COLUMNS:,} sizes from 1")
WINDOW = Argument(lambda v: _pair(v, 1), "a whole number from 1, or two")
MARGIN = Argument(lambda v: _pair(v, 0), "a whole number from 0, or two")
GELU_FORM = Argument(lambda v: v in ("none", "tanh"), "none or tanh")


def _nothing(**arguments: Any) -> Shapes:
    return {}


def _same(shape: Shape, **arguments: Any) -> tuple[Shape, int]:
    return shape, math.prod(shape)


@dataclass(frozen=True)
class Row:
    """One type of layer: its class, its arguments, the tensors it holds for given arguments.

    `flow(shape, **arguments)` gives the shape of what comes out for a shape that goes in, batch axis first, and how
    many numbers are made on the way; ValueError for a shape that the layer cannot take.
    """

    make: type[nn.Module]
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    tensors: Callable[..., Shapes] = _nothing
    flow: Callable[..., tuple[Shape, int]] = _same


def _linear(in_features: int, out_features: int, bias: bool) -> Shapes:
    return {"weight": (out_features, in_features), **_if(bias, bias=(out_features,))}


def _linear_flow(shape: Shape, in_features: int, out_features: int, bias: bool) -> tuple[Shape, int]:
    if shape[-1] != in_features:
        raise ValueError
    return _same((*shape[:-1], out_features))


def _flatten_flow(shape: Shape, start_dim: int, end_dim: int) -> tuple[Shape, int]:
    start, end = (dim % len(shape) for dim in (start_dim, end_dim))
    return _same((*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


def _unflatten_flow(shape: Shape, dim: int, unflattened_size: Sequence[int]) -> tuple[Shape, int]:
    dim %= len(shape)
    if math.prod(unflattened_size) != shape[dim]:
        raise ValueError
    return _same((*shape[:dim], *unflattened_size, *shape[dim + 1 :]))


def _batch_norm(num_features: int, affine: bool, bias: bool, track_running_stats: bool, **_: Any) -> Shapes:
    one = (num_features,)
    learnt = {**_if(affine, weight=one), **_if(affine and bias, bias=one)}
    return {**learnt, **_if(track_running_stats, running_mean=one, running_var=one, num_batches_tracked=())}


def _layer_norm(normalized_shape: Sequence[int], elementwise_affine: bool, bias: bool, **_: Any) -> Shapes:
    shape = tuple(normalized_shape)
    return {**_if(elementwise_affine, weight=shape), **_if(elementwise_affine and bias, bias=shape)}


def _embed_columns(plain: int, sizes: Sequence[int], widths: Sequence[int]) -> Shapes:
    return {f"weight{i}": shape for i, shape in enumerate(zip(sizes, widths, strict=False))}


def _embed_columns_flow(shape: Shape, plain: int, sizes: Sequence[int], widths: Sequence[int]) -> tuple[Shape, int]:
    if len(shape) != 2 or shape[1] != plain + len(sizes) or len(sizes) != len(widths):
        raise ValueError
    return _same((shape[0], plain + sum(widths)))


def _embedding_flow(shape: Shape, num_embeddings: int, embedding_dim: int) -> tuple[Shape, int]:
    return _same((*shape, embedding_dim))


def _convolution(in_channels: int, out_channels: int, kernel_size: Any, groups: int, bias: bool, **_: Any) -> Shapes:
    return {"weight": (out_channels, in_channels // groups, *_both(kernel_size)), **_if(bias, bias=(out_channels,))}


def _convolution_flow(shape: Shape, in_channels: int, out_channels: int, **window: Any) -> tuple[Shape, int]:
    (n, channels, height, width), seen = _window_flow(shape, **window)
    if channels != in_channels:
        raise ValueError
    return (n, out_channels, height, width), seen + n * out_channels * height * width


def _window_flow(
    shape: Shape, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1, ceil_mode: bool = False, **_: Any
) -> tuple[Shape, int]:
    """Windows of an image `(n, channels, height, width)`: one number each, made of all that they look at."""
    n, channels, *sides = shape
    settings = zip(sides, *map(_both, (kernel_size, stride, padding, dilation)), strict=True)
    after = [_windows(side, k, s, p, d, ceil_mode) for side, k, s, p, d in settings]
    padded = math.prod(side + 2 * p for side, p in zip(sides, _both(padding), strict=True))
    return (n, channels, *after), n * channels * (padded + math.prod(after) * math.prod(_both(kernel_size)))


def _windows(side: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """How many windows a side has; with ceil_mode also one that hangs over its end, if it begins inside."""
    room = side + 2 * padding - dilation * (kernel - 1) - 1
    if room < 0:
        raise ValueError
    count = (-(-room // stride) if ceil_mode else room // stride) + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= side + padding else count


def _both(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _if(holds: bool, **shapes: tuple[int, ...]) -> Shapes:
    return shapes if holds else {}


_BATCH_NORM = {
    "num_features": SIZE, "eps": NUMBER, "momentum": SHARE_OR_NONE, "affine": FLAG, "bias": FLAG,
    "track_running_stats": FLAG,
}  # fmt: skip
_POOL = {"kernel_size": WINDOW, "stride": WINDOW, "padding": MARGIN, "ceil_mode": FLAG}

LAYERS: dict[str, Row] = {
    "Linear": Row(nn.Linear, {"in_features": SIZE, "out_features": SIZE, "bias": FLAG}, _linear, _linear_flow),
    "Identity": Row(nn.Identity),
    "Flatten": Row(nn.Flatten, {"start_dim": AXIS, "end_dim": AXIS}, flow=_flatten_flow),
    "Unflatten": Row(nn.Unflatten, {"dim": AXIS, "unflattened_size": SHAPE}, flow=_unflatten_flow),
    "ReLU": Row(nn.ReLU),
    "ReLU6": Row(nn.ReLU6),
    "LeakyReLU": Row(nn.LeakyReLU, {"negative_slope": NUMBER}),
    "PReLU": Row(
        nn.PReLU, {"num_parameters": SIZE, "init": NUMBER}, lambda num_parameters, init: {"weight": (num_parameters,)}
    ),
    "ELU": Row(nn.ELU, {"alpha": NUMBER}),
    "CELU": Row(nn.CELU, {"alpha": NUMBER}),
    "SELU": Row(nn.SELU),
    "Sigmoid": Row(nn.Sigmoid),
    "LogSigmoid": Row(nn.LogSigmoid),
    "Hardsigmoid": Row(nn.Hardsigmoid),
    "Tanh": Row(nn.Tanh),
    "Hardtanh": Row(nn.Hardtanh, {"min_val": NUMBER, "max_val": NUMBER}),
    "Softsign": Row(nn.Softsign),
    "Softplus": Row(nn.Softplus, {"beta": NUMBER, "threshold": NUMBER}),
    "GELU": Row(nn.GELU, {"approximate": GELU_FORM}),
    "SiLU": Row(nn.SiLU),
    "Hardswish": Row(nn.Hardswish),
    "Mish": Row(nn.Mish),
    "Softmax": Row(nn.Softmax, {"dim": AXIS_OR_NONE}),
    "LogSoftmax": Row(nn.LogSoftmax, {"dim": AXIS_OR_NONE}),
    "Dropout": Row(nn.Dropout, {"p": SHARE}),
    "AlphaDropout": Row(nn.AlphaDropout, {"p": SHARE}),
    "BatchNorm1d": Row(nn.BatchNorm1d, _BATCH_NORM, _batch_norm),
    "BatchNorm2d": Row(nn.BatchNorm2d, _BATCH_NORM, _batch_norm),
    "LayerNorm": Row(
        nn.LayerNorm,
        {"normalized_shape": SHAPE, "eps": NUMBER, "elementwise_affine": FLAG, "bias": FLAG},
        _layer_norm,
    ),
    "Embedding": Row(
        nn.Embedding,
        {"num_embeddings": SIZE, "embedding_dim": SIZE},
        lambda num_embeddings, embedding_dim: {"weight": (num_embeddings, embedding_dim)},
        _embedding_flow,
    ),
    "EmbedColumns": Row(
        EmbedColumns, {"plain": SIZE, "sizes": SIZES, "widths": SIZES}, _embed_columns, _embed_columns_flow
    ),
    "Conv2d": Row(
        nn.Conv2d,
        {
            "in_channels": SIZE, "out_channels": SIZE, "kernel_size": WINDOW, "stride": WINDOW, "padding": MARGIN,
            "dilation": WINDOW, "groups": GROUPS, "bias": FLAG,
        },
        _convolution,
        _convolution_flow,
    ),
    "MaxPool2d": Row(nn.MaxPool2d, {**_POOL, "dilation": WINDOW}, flow=_window_flow),
    "AvgPool2d": Row(nn.AvgPool2d, {**_POOL, "count_include_pad": FLAG}, flow=_window_flow),
}  # fmt: skip
_NAMES = {row.make: name for name, row in LAYERS.items()}
_UNWRITTEN = {
    "padding_mode": "zeros",
    "padding_idx": None,
    "max_norm": None,
    "divisor_override": None,
    "return_indices": False,
}


def describe(model: nn.Module, place: str = "model") -> list[dict[str, Any]]:
    """The layers of a `Sequential` as plain dictionaries.

    Raises `NotSupportedError` for a module that the table does not have.

    >>> describe(nn.Sequential(nn.Linear(2, 1), nn.ReLU()))
    [{'type': 'Linear', 'in_features': 2, 'out_features': 1, 'bias': True}, {'type': 'ReLU'}]
    """
    if type(model) is not nn.Sequential:
        got = f"{place}: got {type(model).__name__}"
        hint = "Try torch.save(model.state_dict(), path), which keeps the numbers of any module"
        raise NotSupportedError(complain(got, "expected a Sequential of layers", hint))
    return [_described(layer, name, f"{place}.{name}") for name, layer in own_children(model).items()]


def _described(layer: nn.Module, name: str, place: str) -> dict[str, Any]:
    label = {} if name.isdigit() else {"name": name}
    if type(layer) is nn.Sequential:
        return {**label, "type": "Sequential", "layers": describe(layer, place)}
    known = _NAMES.get(type(layer))
    if known is None:
        got, expected = f"{place}: got {type(layer).__name__}", f"expected one of {', '.join(LAYERS)}"
        hint = "Try torch.save(model.state_dict(), path), which keeps the numbers of any module"
        raise NotSupportedError(complain(got, expected, hint))
    values = vars(layer)
    for key, usual in _UNWRITTEN.items():
        if values.get(key, usual) != usual:
            got = f"{place}: got {known} with {key}={values[key]!r}"
            hint = "Try torch.save(model.state_dict(), path)"
            raise NotSupportedError(complain(got, f"expected {key}={usual!r} in a model file", hint))
    return {**label, "type": known, **{key: _plain(key, values[key]) for key in LAYERS[known].arguments}}


def _plain(key: str, value: Any) -> Any:
    if key == "bias":
        return value is not None  # a layer keeps the tensor under the name of the flag
    return list(value) if isinstance(value, tuple) else value


def shapes_of(layers: Any, file: str, place: str = "layer", depth: int = 0) -> Shapes:
    """The names and shapes of all tensors of a description that came from a file, every part of it checked.

    Raises `FormatError` that names the file and the layer.
    """
    if not isinstance(layers, list) or len(layers) > _MOST_LAYERS or depth > _LONGEST_SHAPE:
        raise _wrong(file, place, f"layers that are no list, or nested more than {_LONGEST_SHAPE} deep", "a list")
    found: Shapes = {}
    for index, layer in enumerate(layers):
        name = _name_of(layer, index, file, place)
        inner = _layer_shapes(layer, file, f"{place} {name}", depth)
        if any(f"{name}.{key}" in found for key in inner):
            raise _wrong(file, place, f"two layers {name!r}", "each name once")
        found.update((f"{name}.{key}", shape) for key, shape in inner.items())
    return found


def _name_of(layer: Any, index: int, file: str, place: str) -> str:
    name = layer.get("name", str(index)) if isinstance(layer, dict) else None
    if not isinstance(name, str) or (not name.isidentifier() and name != str(index)):
        raise _wrong(file, place, f"{layer!r:.60} as number {index}", "a layer with its type")
    return name


def _layer_shapes(layer: dict[str, Any], file: str, place: str, depth: int) -> Shapes:
    kind = layer.get("type")
    given = {key: value for key, value in layer.items() if key not in ("type", "name")}
    if kind == "Sequential" and set(given) == {"layers"}:
        return shapes_of(given["layers"], file, f"{place}, layer", depth + 1)
    row = LAYERS.get(kind) if isinstance(kind, str) else None
    if row is None:
        raise _wrong(file, place, f"the type {kind!r:.60}", f"one of {', '.join(LAYERS)}")
    if set(given) != set(row.arguments):
        raise _wrong(file, place, f"{kind} with {sorted(given)!r:.200}", f"{sorted(row.arguments)}")
    for key, rule in row.arguments.items():
        if not rule.holds(given[key]):
            raise _wrong(file, place, f"{kind} with {key}={given[key]!r:.60}", rule.expected)
    return row.tensors(**given)


def check_flow(layers: list[dict[str, Any]], features: int, file: str) -> None:
    """Raise `FormatError` if an example of that many features does not fit through, or becomes too much on its way.

    It is worked out, not tried: a convolution with a wide margin makes a huge image of a small one.
    """
    _flow(layers, (1, features), 0, file, "layer")


def _flow(layers: list[dict[str, Any]], shape: Shape, made: int, file: str, place: str) -> tuple[Shape, int]:
    for i, layer in enumerate(layers):
        where, kind = f"{place} {layer.get('name', i)}", layer["type"]
        if kind == "Sequential":
            shape, made = _flow(layer["layers"], shape, made, file, f"{where}, layer")
            continue
        arguments = {key: value for key, value in layer.items() if key not in ("type", "name")}
        try:
            before, (shape, numbers) = shape, LAYERS[kind].flow(shape, **arguments)
        except (ValueError, ZeroDivisionError):
            raise _wrong(file, where, f"{kind} for an input of shape {shape[1:]}", "one that it can take") from None
        made += numbers
        if made > _MOST_NUMBERS:
            got = f"{kind} that makes {numbers:,} numbers of an input of shape {before[1:]}"
            raise _wrong(file, where, got, f"at most {_MOST_NUMBERS:,} in all layers")
    return shape, made


def _wrong(file: str, place: str, got: str, expected: str) -> FormatError:
    hint = "Try a model that glassnet saved, or a newer glassnet"
    return FormatError(complain(f"{file}, {place}: got {got}", f"expected {expected}", hint))


def build(layers: list[dict[str, Any]]) -> nn.Sequential:
    """The modules of a description that `shapes_of` has found right."""
    return nn.Sequential({layer.get("name", str(i)): _built(layer) for i, layer in enumerate(layers)})


def _built(layer: dict[str, Any]) -> nn.Module:
    if layer["type"] == "Sequential":
        return build(layer["layers"])
    arguments = {key: value for key, value in layer.items() if key not in ("type", "name")}
    return LAYERS[layer["type"]].make(**{k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()})
