"""One recorded run of a step: what was done, and whether two runs did the same."""

from __future__ import annotations

from typing import Any

from glassnet.core.kinds import DICTS, LISTS
from glassnet.core.mode import Trace
from glassnet.core.tensor import Tensor


class Run:
    """One recorded run: what was done, what came out, which gradients it left."""

    def __init__(
        self, trace: Trace, inputs: list[Tensor], result: Any, before: list[tuple[Tensor, Tensor | None]]
    ) -> None:
        self.trace, self.inputs, self.result, self.before = trace, inputs, result, before
        self.old = _old(trace, inputs)  # held, so that no other tensor can take their identities
        self.leaves = [t for t in self.old if t.needs_grad and t.op is None]
        self.outputs, self.form = _flatten(result)
        self.signature = _signature(trace, inputs, self.outputs, self.form)

    def repeats(self, other: Run) -> bool:
        """Whether both runs did the same."""
        return self.signature == other.signature

    def obstacle(self) -> str | None:
        """Why a result of this run could not come from a replay."""
        if self.trace.read_backward or not any(t.needs_grad for t in self.outputs):
            return None
        return "its result requires grad, and backward() is not called within it"

    def without_arrays(self) -> Run:
        """The signature alone; the memory of the run is given back."""
        self.trace.nodes.clear()
        self.inputs, self.outputs, self.result = [], [], None
        return self


def _old(trace: Trace, inputs: list[Tensor]) -> list[Tensor]:
    """The tensors from before the step that it reads."""
    found: dict[int, Tensor] = {}
    passed = {id(t) for t in inputs}
    for t in trace.nodes:
        for x in t.inputs:
            if x.serial < trace.start and id(x) not in passed:
                found.setdefault(id(x), x)
    return list(found.values())


def _flatten(result: Any) -> tuple[list[Tensor], Any]:
    """The tensors in a result, and a form that puts others in their places."""
    if isinstance(result, Tensor):
        return [result], "tensor"
    if isinstance(result, LISTS):
        parts = [_flatten(r) for r in result]
        return [t for tensors, _ in parts for t in tensors], (type(result), tuple(form for _, form in parts))
    if isinstance(result, DICTS):
        parts = [_flatten(r) for r in result.values()]
        return [t for tensors, _ in parts for t in tensors], (dict, tuple(result), tuple(form for _, form in parts))
    return [], ("constant", result)


def unflatten(form: Any, tensors: Any) -> Any:
    """A result of that form around the tensors."""
    if form == "tensor":
        return next(tensors)
    if form[0] == "constant":
        return form[1]
    if form[0] is dict:
        return {k: unflatten(f, tensors) for k, f in zip(form[1], form[2], strict=True)}
    parts = [unflatten(f, tensors) for f in form[1]]
    return form[0](*parts) if hasattr(form[0], "_fields") else form[0](parts)


def _signature(trace: Trace, inputs: list[Tensor], outputs: list[Tensor], form: Any) -> Any:
    """Everything that must be equal for two runs to have done the same."""
    place: dict[int, Any] = {id(t): ("input", i) for i, t in enumerate(inputs)}
    lines: list[Any] = []
    for i, t in enumerate(trace.nodes):
        reads: list[Any] = []
        for x in t.inputs:
            while x.serial > t.serial and x.past is not None:
                x = x.past
            if id(x) not in place:
                place[id(x)] = (
                    ("old", id(x), id(x.array))
                    if x.serial < trace.start
                    else ("made", x.array.shape, x.array.dtype.char, x.array.tobytes())
                )
            reads.append(place[id(x)])
        lines.append(
            (t.op.name if t.op else "", tuple(reads), repr(sorted(t.attrs.items())), t.array.shape, t.needs_grad)
        )
        place[id(t)] = ("step", i)
    ends = [place.get(id(t), id(t)) for t in outputs]
    return (
        lines,
        ends,
        form if form == "tensor" or form[0] != "constant" else ("constant", repr(form[1])),
        len(trace.modules),
    )
