"""New tensors: from numbers, filled, counted and random."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.core import dtypes, ops, random, rejection, shapes
from glassnet.core.into import takes_out
from glassnet.core.kinds import LISTS, NUMPY, SEQUENCES
from glassnet.core.mode import mode
from glassnet.core.tensor import Tensor, to_array, wrap
from glassnet.errors import NotSupportedError, ShapeError, ValueRangeError, complain


def _shape(sizes: tuple[Any, ...], size: Any = None) -> tuple[int, ...]:
    """The shape, given as several numbers, as one tuple, or by the keyword `size`."""
    size = sizes if size is None else (size,)
    given = size[0] if len(size) == 1 and isinstance(size[0], SEQUENCES) else size
    return shapes.sizes(given)


def _float(dtype: Any) -> np.dtype[Any]:
    return dtypes.default_float() if dtype is None else dtypes.numpy_dtype(dtype)


def _finish(t: Tensor, requires_grad: bool, device: Any = None) -> Tensor:
    check_device(device)
    if requires_grad:
        t.op, t.inputs = None, ()  # a leaf, whatever made it
        t.requires_grad_()
    return t


def check_device(device: Any) -> None:
    """Only the CPU is here."""
    if device is not None and str(device).split(":")[0] != "cpu":
        raise NotSupportedError(
            f"got device={str(device)!r}; expected 'cpu', the only device glassnet has. Try leaving device out."
        )


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of the data: a number, nested lists, or an array.

    >>> import glassnet as torch
    >>> torch.tensor([[1, 2], [3, 4]]).dtype, torch.tensor(0.5).dtype
    (torch.int64, torch.float32)
    """
    if isinstance(data, Tensor):
        array = data.read("torch.tensor(tensor)")
    elif isinstance(data, LISTS) and _holds_tensors(data):
        array = _numbers([_plain(d) for d in data], dtype)
    else:
        array = _numbers(data, dtype)
    t = wrap(mode.quietly(np.array, array, None if dtype is None else dtypes.numpy_dtype(dtype), copy=True))
    if mode.trace is not None and not requires_grad:
        t = ops.copy(t)  # a replay starts from these numbers again, even if the step changes its copy in place
    return _finish(t, requires_grad, device)


def _numbers(data: Any, dtype: Any) -> np.ndarray:
    """The data as an array; Python floats keep all their digits on the way to a dtype that is asked for."""
    array = to_array(data)
    if dtype is None or isinstance(data, NUMPY) or dtypes.numpy_dtype(dtype) == array.dtype:
        return array
    return np.asarray(data).astype(dtypes.numpy_dtype(dtype))


def _holds_tensors(data: Any) -> bool:
    return any(isinstance(d, Tensor) or (isinstance(d, LISTS) and _holds_tensors(d)) for d in data)


def _plain(data: Any) -> Any:
    if isinstance(data, Tensor):
        return data.tolist()
    return [_plain(d) for d in data] if isinstance(data, LISTS) else data


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor that shares the data's memory where it can."""
    check_device(device)
    t = data if isinstance(data, Tensor) else wrap(_numbers(data, dtype))
    return (
        t
        if dtype is None or t.array.dtype == dtypes.numpy_dtype(dtype)
        else ops.cast(t, dtype=dtypes.numpy_dtype(dtype))
    )


def from_numpy(array: Any) -> Tensor:
    """A tensor on the memory of a NumPy array."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: got {type(array).__name__}; expected a NumPy array. Try torch.tensor(data).")
    return wrap(to_array(array))


@takes_out
def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Filled with one value; its type decides the dtype."""
    kind = dtypes.numpy_dtype(dtype) if dtype is not None else to_array(fill_value).dtype
    shape = _shape((size,) if isinstance(size, int) else tuple(size))
    return _finish(ops.full(shape=shape, value=fill_value, dtype=kind), requires_grad, device)


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A single number, of the default dtype unless told."""
    return full((), s, dtype=_float(dtype), device=device, requires_grad=requires_grad)


@takes_out
def zeros(*shape: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Filled with 0."""
    return full(_shape(shape, size), 0, dtype=_float(dtype), device=device, requires_grad=requires_grad)


@takes_out
def ones(*shape: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Filled with 1."""
    return full(_shape(shape, size), 1, dtype=_float(dtype), device=device, requires_grad=requires_grad)


@takes_out
def empty(*shape: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """To be filled; here it starts as 0, so that no run depends on old memory."""
    return full(_shape(shape, size), 0, dtype=_float(dtype), device=device, requires_grad=requires_grad)


def _like(t: Tensor, dtype: Any) -> np.dtype[Any]:
    return t.array.dtype if dtype is None else dtypes.numpy_dtype(dtype)


def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the same shape and dtype."""
    return full_like(input, 0, dtype=dtype, device=device, requires_grad=requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of the same shape and dtype."""
    return full_like(input, 1, dtype=dtype, device=device, requires_grad=requires_grad)


def empty_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of the same shape and dtype, to be filled."""
    return full_like(input, 0, dtype=dtype, device=device, requires_grad=requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value in the same shape and dtype."""
    kind = _like(input, dtype)
    return full(input.array.shape, fill_value, dtype=kind, device=device, requires_grad=requires_grad)


@takes_out
def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones on the diagonal, zeros elsewhere."""
    if n < 0 or (m or 0) < 0:
        raise ShapeError(complain(f"eye: got sizes {n}, {n if m is None else m}", "expected 0 or more", "Try eye(3)"))
    return _finish(wrap(np.eye(n, m, dtype=_float(dtype))), requires_grad, device)


@takes_out
def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """start, start + step, … up to but without end."""
    start, end = (0, start) if end is None else (start, end)
    whole = all(isinstance(v, int) for v in (start, end, step))
    if step == 0 or (end - start) / step < 0:
        got = f"arange: got start={start}, end={end}, step={step}"
        hint = f"Try step={1 if end >= start else -1}"
        raise ValueRangeError(complain(got, "expected a step that leads from start to end", hint))
    kind = dtypes.numpy_dtype(dtype) if dtype is not None else np.dtype(np.int64) if whole else dtypes.default_float()
    count = max(int(np.ceil((end - start) / step)), 0)
    values = start + np.arange(count, dtype=np.int64 if whole else np.float64) * step
    return _finish(wrap(values.astype(kind)), requires_grad, device)


def _leaf(values: Any, kind: np.dtype[Any]) -> Tensor:
    return wrap(values.astype(kind))


@takes_out
def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """That many numbers at equal distances, ends included; each half is counted from its own end, as PyTorch does."""
    kind = _float(dtype)
    if steps < 0:
        raise ValueRangeError(complain(f"linspace: got steps={steps}", "expected 0 or more", f"Try steps={-steps}"))
    if steps == 1:
        return _finish(wrap(np.full(1, start, kind)), requires_grad, device)
    exact = kind if kind.kind == "f" else np.dtype(np.float64)  # whole numbers lose what follows the point at the end
    step = exact.type((end - start) / (steps - 1))
    i: Any = np.arange(steps)
    up = exact.type(start) + step * i.astype(exact)
    down = exact.type(end) - step * (steps - 1 - i).astype(exact)
    return _finish(_leaf(np.where(i < steps // 2, up, down), kind), requires_grad, device)


@takes_out
def logspace(
    start: float,
    end: float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """base to the powers of linspace."""
    return _finish(wrap(np.power(base, np.linspace(start, end, steps)).astype(_float(dtype))), requires_grad, device)


def meshgrid(*tensors: Tensor, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of every point of a grid."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    for t in given:
        if t.array.ndim > 1:
            got = f"meshgrid: got a tensor of shape {t.array.shape}"
            raise ShapeError(complain(got, "expected one axis", "Try .reshape(-1)"))
    axes = [*range(len(given))]
    if indexing == "xy":
        axes[:2] = axes[1::-1]  # the first coordinate runs along the columns
    sizes = {i: t.array.size for i, t in zip(axes, given, strict=True)}
    shape = tuple(sizes[i] for i in range(len(given)))
    lines = [t.reshape([-1 if i == k else 1 for k in range(len(given))]) for i, t in zip(axes, given, strict=True)]
    return tuple(ops.copy(ops.expand(line, shape=shape)) for line in lines)


# ---- random: the same seed gives PyTorch's numbers ----------------------------------------------------------------


def draw(sampler: Any, requires_grad: bool = False, device: Any = None, **options: Any) -> Tensor:
    """Random numbers as one row on the tape, so that a replay draws fresh ones."""
    return _finish(ops.random(draw=sampler, **options), requires_grad, device)


@takes_out
def rand(
    *shape: Any,
    size: Any = None,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform in [0, 1)."""
    sizes = _shape(shape, size)
    return draw(random.uniform, requires_grad, device, shape=sizes, dtype=_float(dtype), generator=generator)


@takes_out
def randn(
    *shape: Any,
    size: Any = None,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal with mean 0 and standard deviation 1.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randn(3)
    tensor([ 1.5410, -0.2934, -2.1788])
    """
    sizes = _shape(shape, size)
    return draw(random.normal, requires_grad, device, shape=sizes, dtype=_float(dtype), generator=generator)


@takes_out
def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Whole numbers from low (0 unless told) to high - 1."""
    if size is None:
        low, high, size = 0, low, high
    if high <= low:
        raise ValueRangeError(
            f"randint: got low={low}, high={high}; expected low below high. Try randint({low}, {low + 1}, size)."
        )
    t = draw(
        random.randint,
        False,
        device,
        low=low,
        high=high,
        shape=_shape((size,) if isinstance(size, int) else tuple(size)),
        generator=generator,
    )
    return _finish(t if dtype is None else ops.cast(t, dtype=dtypes.numpy_dtype(dtype)), requires_grad)


def randint_like(
    input: Tensor,
    low: int,
    high: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Whole numbers from low (0 unless told) to high - 1, of the same shape and dtype."""
    low, high = (0, low) if high is None else (low, high)
    kind = _like(input, dtype)
    return randint(
        low,
        high,
        input.array.shape,
        generator=generator,
        dtype=kind,
        device=device,
        requires_grad=requires_grad,
    )


@takes_out
def randperm(n: int, *, generator: Any = None, dtype: Any = None, device: Any = None) -> Tensor:
    """The numbers 0 to n - 1 in random order."""
    t = draw(random.permutation, False, device, n=n, generator=generator)
    return t if dtype is None else ops.cast(t, dtype=dtypes.numpy_dtype(dtype))


def rand_like(
    input: Tensor, *, generator: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Uniform in [0, 1), of the same shape."""
    kind = _like(input, dtype)
    return rand(input.array.shape, generator=generator, dtype=kind, device=device, requires_grad=requires_grad)


def randn_like(
    input: Tensor, *, generator: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Normal numbers of the same shape."""
    kind = _like(input, dtype)
    return randn(input.array.shape, generator=generator, dtype=kind, device=device, requires_grad=requires_grad)


@takes_out
def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers with the given means and standard deviations (numbers with a size, or tensors)."""
    if size is not None:
        options = {"mean": mean, "std": std, "dtype": _float(dtype), "generator": generator}
        return draw(random.normal, requires_grad, device, shape=_shape((size,)), **options)
    given = [v.array for v in (mean, std) if isinstance(v, Tensor)]
    shape, kind = np.broadcast_shapes(*[a.shape for a in given]), np.result_type(*[a.dtype for a in given])
    return draw(random.normal, shape=shape, dtype=kind, generator=generator) * std + mean


@takes_out
def bernoulli(input: Tensor, *, generator: Any = None) -> Tensor:
    """1 with the probabilities given, else 0."""
    p = input.read("bernoulli of computed probabilities")
    return draw(random.bernoulli, shape=p.shape, p=p, dtype=p.dtype, generator=generator)


def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """How many events come where each number of input says how many come on average.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.poisson(torch.tensor([0.0, 3.0, 100.0]))
    tensor([ 0.,  6., 96.])
    """
    rate = input.read("poisson of computed rates")
    return draw(rejection.poisson, rate=rate, generator=generator)


@takes_out
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Tensor:
    """Indices drawn with probabilities in proportion to each row of input."""
    return draw(
        random.multinomial,
        probs=input.read("multinomial of computed weights"),
        n=num_samples,
        replacement=replacement,
        generator=generator,
    )
