"""Replay: a recorded step written out as straight-line NumPy over arrays made in advance.

The passes, in order: resolve (what each operation read), simplify (multiplications by one, repeated work), alive (what
somebody reads), moving (what changes from call to call; the rest is a constant), place (where each result is made),
lower (which NumPy calls make it), pieces (large arrays go through an update piece by piece), and then `source.write`
spells the calls. Nothing is reused between results, so every intermediate value can be looked at after a step, but for
what a loop over pieces keeps to itself.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.core.mode import Trace
from glassnet.core.ops import OPS, Op
from glassnet.core.pieces import in_pieces, lines_of
from glassnet.core.source import Line, Loop, NotReplayable, Writer, same_place
from glassnet.core.tensor import Tensor, as_used, wrap

Array = np.ndarray
_FEW_COLUMNS = 32  # a tall matrix with at most this many columns is stored column by column


@dataclass
class Node:
    """One operation of the step: the tensor it made, and what it read."""

    tensor: Tensor
    op: Op
    inputs: tuple[Tensor, ...]
    attrs: dict[str, Any]


@dataclass
class Program:
    """A recorded step that can be run again on other inputs.

    `source` is the Python text that runs; `values` maps the names in it to arrays.
    """

    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    source: str = ""
    values: dict[str, Array] = field(default_factory=dict[str, Any])
    captured: list[Tensor] = field(default_factory=list[Tensor])
    array: dict[int, Array] = field(default_factory=dict[int, Any])
    run: Any = None

    def array_of(self, t: Tensor) -> Array:
        """The array in which a replay leaves the value of t."""
        return self.array[id(t)]


def build(
    trace: Trace,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    names: dict[int, str],
    arguments: Sequence[str],
    copies: int,
) -> Program:
    """Turn a trace into a program; `names` gives words to tensors, by id; the first `copies` outputs are handed out."""
    program = Program(inputs, outputs)
    nodes, same = _simplify(_resolve(trace), trace)
    _check_stores(nodes, trace, inputs)
    program.outputs = outputs = [same.get(id(t), t) for t in outputs]
    nodes = _alive(nodes, outputs)
    moving = _moving(nodes, trace, inputs)
    _keep_apart(outputs, copies, nodes, moving, names)
    arrays = program.array = {id(t): t.array for t in inputs}
    program.captured = _captured(nodes, trace, inputs, outputs)
    arrays.update((id(t), t.array) for t in program.captured)
    homes = _place(nodes, moving, arrays, {id(t) for t in outputs})
    lines = _in_pieces([line for n in nodes for line in _lower(n, moving, arrays, homes)], program)
    writer = Writer([(t.array, name) for t, name in zip(inputs, arguments, strict=True)])
    for t in program.captured:
        writer.know(t.array, names.get(id(t)) or t.name)
    for t in (*outputs, *(n.tensor for n in nodes)):
        if id(t) in arrays:
            writer.know(arrays[id(t)], names.get(id(t)) or t.name)
    for t in outputs:
        arrays.setdefault(id(t), t.array)
    program.source, program.run, program.values = writer.write(lines, [arrays[id(t)] for t in outputs[:copies]])
    for old, new in same.items():
        if id(new) in arrays:
            arrays.setdefault(old, arrays[id(new)])
    return program


def _in_pieces(lines: list[Line], program: Program) -> list[Line | Loop]:
    """The lines with those on large arrays in loops; what a loop keeps no whole array of is nowhere to be found."""
    arrays = program.array
    keep = [arrays.get(id(t), t.array) for t in (*program.inputs, *program.captured, *program.outputs)]
    found = in_pieces(lines, keep)
    made = {id(line.out) for item in found for line in lines_of(item)}
    gone = {id(line.out) for line in lines if line.out is not None and id(line.out) not in made}
    for key in [key for key, a in arrays.items() if id(a) in gone]:
        del arrays[key]
    return found


# ---- what was done ------------------------------------------------------------------------------------------------


def _resolve(trace: Trace) -> list[Node]:
    nodes: list[Node] = []
    for t in trace.nodes:
        if t.op is None:
            continue
        nodes.append(Node(t, t.op, tuple(as_used(x, t) for x in t.inputs), t.attrs))
    return nodes


def root(t: Tensor) -> Tensor:
    """The tensor whose memory t is a window on."""
    while t.op is not None and t.op.view and t.inputs:
        t = t.inputs[0]
    return t


def _memory(t: Tensor) -> int:
    """What tells one piece of memory from another; a flat vector and the parameters on it share theirs."""
    a = t.array
    while isinstance(a.base, np.ndarray):
        a = a.base
    return id(a)


def _changed(nodes: Sequence[Node], trace: Trace) -> set[int]:
    """The tensors whose memory the step changes in place."""
    return {id(root(n.inputs[0])) for n in nodes if n.op.name == "assign"} | {id(t) for t in trace.superseded}


def _check_stores(nodes: Sequence[Node], trace: Trace, inputs: Sequence[Tensor]) -> None:
    """Refuse to replay a store whose target cannot be put back to how the step found it."""
    passed = {id(t) for t in inputs}
    for n in nodes:
        target = root(n.inputs[0]) if n.op.name == "assign" else None
        if target is not None and id(target) in passed:
            raise NotReplayable("a tensor passed in is changed in place")
        if target is not None and target.op is None and target.serial > trace.start:
            raise NotReplayable("a tensor made from Python numbers while the step runs is changed in place")


def _simplify(nodes: list[Node], trace: Trace) -> tuple[list[Node], dict[int, Tensor]]:
    """Leave out what was done before, and multiplications by one."""
    same: dict[int, Tensor] = {}
    done: dict[Any, Tensor] = {}
    changed, writes = _changed(nodes, trace), dict[int, int]()
    stored = {_memory(n.inputs[0]) for n in nodes if n.op.name == "assign"}
    kept: list[Node] = []
    for n in nodes:
        n.inputs = tuple(same.get(id(x), x) for x in n.inputs)
        if n.op.name == "assign":
            where = _memory(n.inputs[0])
            writes[where] = writes.get(where, 0) + 1
        elif n.op.pure and id(n.tensor) not in changed and id(root(n.tensor)) not in changed:
            key = (
                n.op.name,
                tuple((id(x), writes.get(_memory(x), 0)) for x in n.inputs),
                repr(sorted(n.attrs.items())),
            )
            candidates = (_times_one(n, changed, stored), _saved(n, trace, writes), done.get(key))
            twin = next((t for t in candidates if t is not None), None)
            if twin is not None:
                same[id(n.tensor)] = twin
                continue
            done[key] = n.tensor
        kept.append(n)
    return kept, same


def _times_one(n: Node, changed: set[int], stored: set[int]) -> Tensor | None:
    """The other factor, where one factor is a constant 1; neither may be changed in place."""
    if n.op.name not in ("mul", "div"):
        return None
    for i, x in ((1, n.inputs[0]), (0, n.inputs[1]))[: 1 if n.op.name == "div" else 2]:
        one = n.inputs[i]
        if one.op is not None and one.op.name not in ("full", "expand", "cast", "reshape"):
            continue
        if any(id(root(t)) in changed or _memory(t) in stored for t in (x, one)) or not _alike(x, n.tensor):
            continue
        if _constant_value(one) == 1.0:
            return x
    return None


def _saved(n: Node, trace: Trace, writes: dict[int, int]) -> Tensor | None:
    """What a copy was taken of before a change in place: a replay gives the result of the change its own memory."""
    if n.op.name == "copy" and n.inputs and any(n.inputs[0] is past for past in trace.superseded):
        return None if _memory(n.inputs[0]) in writes else n.inputs[0]
    return None


def _alike(x: Tensor, y: Tensor) -> bool:
    """Whether both are arrays of one shape and dtype."""
    return x.array.shape == y.array.shape and x.array.dtype == y.array.dtype


def _constant_value(t: Tensor) -> float | None:
    """The number that fills t, if it was filled inside the step and nothing else can have changed it."""
    while t.op is not None and t.op.name in ("expand", "reshape", "cast"):
        t = t.inputs[0]
    return t.attrs["value"] if t.op is not None and t.op.name == "full" else None


def _alive(nodes: list[Node], outputs: Sequence[Tensor]) -> list[Node]:
    """Without the operations whose results nobody reads."""
    wanted = {id(t) for t in outputs}
    kept: list[Node] = []
    for n in reversed(nodes):
        if id(n.tensor) in wanted or not n.op.pure:
            wanted.update(id(x) for x in n.inputs)
            kept.append(n)
    return kept[::-1]


def _moving(nodes: Sequence[Node], trace: Trace, inputs: Sequence[Tensor]) -> set[int]:
    """The tensors whose values may differ from call to call."""
    moving = {id(t) for t in inputs} | _changed(nodes, trace)
    made = {id(n.tensor) for n in nodes}
    for n in nodes:
        for x in n.inputs:
            if id(x) not in made and x.serial < trace.start:
                moving.add(id(x))
        if not n.op.pure or any(id(x) in moving for x in n.inputs):
            moving.add(id(n.tensor))
    return moving


def _keep_apart(outputs: list[Tensor], copies: int, nodes: list[Node], moving: set[int], names: dict[int, str]) -> None:
    """Each result that stays in place (a gradient) gets memory of its own, made anew: its reader may change it."""
    own = {id(n.tensor) for n in nodes if id(n.tensor) in moving and not n.op.view}
    for i, g in enumerate(outputs[copies:], copies):
        if id(g) in own:
            own.remove(id(g))
            continue
        twin = outputs[i] = wrap(g.array)
        twin.op, twin.inputs, twin.name = OPS["copy"], (g,), names.get(id(g))
        nodes.append(Node(twin, twin.op, twin.inputs, twin.attrs))
        moving.add(id(twin))


def _captured(nodes: Sequence[Node], trace: Trace, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> list[Tensor]:
    """The tensors from before the step that it reads or changes: weights, rates, running statistics."""
    made = {id(n.tensor) for n in nodes} | {id(t) for t in inputs}
    found: dict[int, Tensor] = {}
    for x in (*(x for n in nodes for x in n.inputs), *outputs):
        if id(x) not in made and x.serial < trace.start:
            found.setdefault(id(x), x)
    return list(found.values())


# ---- where each result is made ------------------------------------------------------------------------------------


def _place(nodes: Sequence[Node], moving: set[int], arrays: dict[int, Array], outputs: set[int]) -> dict[int, Array]:
    """A result that will be packed or stored is made where it is going, so nothing is copied."""
    homes: dict[int, Array] = {}
    readers: dict[int, list[int]] = {}
    for i, n in enumerate(nodes):
        for x in n.inputs:
            readers.setdefault(id(x), []).append(i)
    made = {id(n.tensor): i for i, n in enumerate(nodes)}
    for i, n in enumerate(nodes):
        if n.op.name == "pack" and id(n.tensor) in moving:
            whole = homes[id(n.tensor)] = np.empty(n.tensor.array.shape, n.tensor.array.dtype)
            for x, window in zip(n.inputs, windows(whole, n.inputs), strict=True):
                source = _behind_copies(x, made, nodes, readers)
                if source is not None and source.array.shape == window.shape:
                    homes.setdefault(id(source), window)
        elif n.op.name == "assign":
            target, value = n.inputs
            free = id(target) in arrays and id(value) not in outputs  # what comes out must outlive the next store
            if free and _may_be_made_in(nodes, made, readers, arrays, i):
                homes[id(value)] = arrays[id(target)]
    for n in nodes:
        t = n.tensor
        tall = (
            t.array.ndim == 2
            and 1 < t.array.shape[1] <= _FEW_COLUMNS
            and t.array.shape[0] >= max(64, 2 * t.array.shape[1])
        )
        layout_free = n.op.elementwise or n.op.name in ("linear", "matmul", "log_softmax", "softmax", "place")
        reshaped = any(nodes[r].op.name in ("reshape", "window") for r in readers.get(id(t), ()))
        if tall and layout_free and not reshaped and id(t) not in homes and t.array.dtype.kind == "f":
            homes[id(t)] = np.empty(t.array.shape[::-1], t.array.dtype).T
    return homes


def _behind_copies(
    x: Tensor, made: dict[int, int], nodes: Sequence[Node], readers: dict[int, list[int]]
) -> Tensor | None:
    """The result to be made in place of x; views have no memory of their own."""
    if id(x) not in made or nodes[made[id(x)]].op.view:
        return None
    return x


def _may_be_made_in(
    nodes: Sequence[Node], made: dict[int, int], readers: dict[int, list[int]], arrays: dict[int, Array], i: int
) -> bool:
    """Whether the value that step i stores may be computed straight into the memory where it goes."""
    target, value = nodes[i].inputs
    at = made.get(id(value))
    if (
        at is None
        or not nodes[at].op.elementwise
        or readers[id(value)] != [i]
        or value.array.shape != target.array.shape
    ):
        return False
    if value.array.dtype != target.array.dtype:
        return False
    memory = arrays[id(target)]
    for x in nodes[at].inputs:  # read and written number by number, or not at all
        a = arrays.get(id(root(x)))
        if a is not None and np.may_share_memory(a, memory) and not same_place(arrays.get(id(x)), memory):
            return False
    between = (x for n in nodes[at + 1 : i] for x in n.inputs)
    return not any((a := arrays.get(id(root(x)))) is not None and np.may_share_memory(a, memory) for x in between)


def windows(vector: Array, parts: Sequence[Tensor]) -> list[Array]:
    """A flat vector cut into the shapes of the parts."""
    ends = np.cumsum([0, *(p.array.size for p in parts)]).tolist()
    return [vector[a:b].reshape(p.array.shape) for p, a, b in zip(parts, ends, ends[1:], strict=False)]


# ---- which calls make it ------------------------------------------------------------------------------------------


def _lower(n: Node, moving: set[int], arrays: dict[int, Array], homes: dict[int, Array]) -> list[Line]:
    """The NumPy calls that make one result."""
    t = n.tensor
    args = [arrays.setdefault(id(x), x.array) for x in n.inputs]
    if id(t) not in moving:
        arrays[id(t)] = t.array
        return []
    run = functools.partial(n.op.run, **n.attrs) if n.attrs else n.op.run
    if n.op.name == "assign":
        arrays[id(t)] = args[0]
        return [] if same_place(args[1], args[0]) else [Line(t, args, np.copyto, (args[0], args[1]))]
    if n.op.view:
        seen = np.asarray(run(*args))
        if np.may_share_memory(seen, args[0]) or not seen.size:
            arrays[id(t)] = seen
            return [Line(t, args, run, (args[0],), seen, view=True)]
        run = _through(run)
    out = homes.get(id(t))
    if out is None:
        out = np.empty(t.array.shape, t.array.dtype)
    arrays[id(t)] = out
    calls = [(run, tuple(args), out)] if n.op.view else _calls(n, run, out, args)
    return [Line(t, args, f, a, o) for f, a, o in calls]


def _calls(n: Node, run: Any, out: Array, args: list[Array]) -> list[Any]:
    """The row's own spelling if it has one, else its plain run."""
    if n.op.name == "pack":
        parts = zip(windows(out, n.inputs), args, strict=True)
        return [(np.copyto, (window, a), None) for window, a in parts if not same_place(a, window)]
    if n.op.elementwise and len(args) > 1 and any(a.shape == out.shape and any(a.strides) for a in args):
        args = [_one_number(a) for a in args]
    calls = n.op.lower(out, *args, **n.attrs) if n.op.lower else None
    if calls is not None:
        return calls
    if n.op.name == "cast":
        return [(np.copyto, (out, args[0], "unsafe" if out.dtype.kind in "iub" else "same_kind"), None)]
    return [(run if _takes_out(n.op) else _through(run), tuple(args), out)]


def _takes_out(op: Op) -> bool:
    if isinstance(op.run, np.ufunc):
        return True
    code = op.run.__code__
    return "out" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _through(run: Any) -> Any:
    """For an operation that cannot write where it is told: make, then copy."""

    def copied(*args: Array, out: Array) -> None:
        np.copyto(out, run(*args), casting="same_kind")

    return copied


def _one_number(a: Array) -> Array:
    """A number repeated to a shape as the 0-d array behind it, which keeps NumPy on its short path."""
    return np.lib.stride_tricks.as_strided(a, (), ()) if a.ndim and a.size and not any(a.strides) else a
