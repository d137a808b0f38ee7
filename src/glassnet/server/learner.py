"""Training in a session: the compiled step, whose every changing number is a tensor, so that settings change live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet import optim
from glassnet.core.compiler import compile as compiled
from glassnet.core.layout import where
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import FormatError, complain
from glassnet.server import network
from glassnet.server.network import Head, Layer
from glassnet.server.parity import ParityNet

_MEMORY = {"momentum_buffer": "velocity", "square_avg": "mean square", "exp_avg": "mean", "exp_avg_sq": "mean square"}
_TRIES = 6  # runs of a step, of which the later ones are replays
_MOST_SHAPES = 20  # of batches and of whole sets, that a step keeps programs for


class Learner:
    """Layers, an optimiser, and the steps that update them.

    A setting that changes numbers (rates, penalties, dropout's share) is stored in tensors; one that changes what is
    done (an activation, the loss, whether there is a penalty at all) has the step recorded anew. Weights stay.
    """

    has_tape = True
    net: Any = None  # what counts in its place, as TensorFlow Playground does

    def __init__(self, layers: list[Layer], head: Head, state: Mapping[str, Any], seed: int) -> None:
        self.layers, self.head = layers, head
        self.parameters = network.parameters(layers)
        self.rng = np.random.default_rng(seed)
        sizes = [layers[0].shape[1], *(layer.shape[0] for layer in layers)]
        self.keep = [np.ones(size) for size in sizes[:-1]]  # 0 for a unit that is left out
        self.held = [np.zeros(p.array.shape, bool) for p in self.parameters]  # what is frozen
        self.l1, self.l2, self.share = (wrap(np.zeros(())) for _ in range(3))
        self.acts: list[network.Act] = []
        self._step: Any = None
        self._slopes: Any = None
        self._judge: Any = None
        self.optimizer: Any = None
        self._made_of: Any = None
        self.configure(state)

    # ---- settings ---------------------------------------------------------------------------------------------

    def configure(self, state: Mapping[str, Any], head: Head | None = None) -> None:
        """Follow the state; what it does not change goes on as it was."""
        self.head = head or self.head
        self.names = activations_of(state, len(self.layers) - 1)
        if self.optimizer is None or self._rule != state["optimizer"]:
            self.optimizer = _optimizer(state, self.parameters)
            self._rule = state["optimizer"]
        for group in self.optimizer.param_groups:
            group["lr"] = float(state["learning_rate"])
            if self._rule == "momentum":
                group["momentum"] = float(state["momentum"])
            elif self._rule == "adam":
                group["betas"] = (float(state["momentum"]), 0.999)
        self.l1.array[...], self.l2.array[...] = state["l1"], state["l2"]
        self.share.array[...] = state["dropout"]
        self._prepare(state)

    def _prepare(self, state: Mapping[str, Any]) -> None:
        """Record anew, if what is done has changed."""
        made_of = (
            tuple(self.names), self.head, self._rule, state["l1"] > 0, state["l2"] > 0, state["dropout"] > 0,
            tuple(bool((k == 0).any()) for k in self.keep), tuple(bool(h.any()) for h in self.held),
            state["momentum"] > 0 if self._rule == "momentum" else None,
        )  # fmt: skip
        if made_of != self._made_of:
            self._made_of = made_of
            self._forget_programs()
            self._record(state["l1"] > 0, state["l2"] > 0, state["dropout"] > 0)

    def _record(self, l1: bool, l2: bool, dropout: bool) -> None:
        acts = self.acts = [*(network.ACTIVATIONS[name] for name in self.names), self.head.act]
        keep = [wrap(k) if (k == 0).any() else None for k in self.keep]
        # the same for the heat maps' columns of units; nothing of the outputs is left out
        self.left_out = [None if k is None else k.array[:, None].astype(np.float32) for k in (*keep, None)]
        held = [(p, wrap(~h), wrap(p.array.copy())) for p, h in zip(self.parameters, self.held, strict=True) if h.any()]
        self._fixed = held
        parameters, optimizer, head = self.parameters, self.optimizer, self.head
        weights = parameters[::2]
        self.dropout = dropout
        self._masks: dict[int, list[Tensor]] = {}

        def stages(x: Tensor, t: Tensor, *masks: Tensor) -> Iterator[tuple[str, Tensor]]:
            optimizer.zero_grad()
            sums, outputs = network.forward(parameters, acts, x, keep, masks)
            yield "forward", sums[-1]
            loss = total = head.value(sums[-1], outputs[-1], t)
            if l2:
                total = total + self.l2 * 0.5 * sum_of([(w * w).sum() for w in weights])
            if l1:
                total = total + self.l1 * sum_of([w.abs().sum() for w in weights])
            yield "loss", loss
            total.backward()
            yield "backward", loss
            optimizer.step()
            with no_grad():
                for p, free, value in held:
                    p.copy_(where(free, p, value))
            yield "update", loss

        def step(x: Tensor, t: Tensor, *masks: Tensor) -> Tensor:
            *_, (_, loss) = stages(x, t, *masks)
            return loss.detach()

        def slopes(x: Tensor, t: Tensor) -> Tensor:
            loss = next(value for stage, value in stages(x, t) if stage == "backward")
            return loss.detach()

        def judge(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
            sums, outputs = network.forward(parameters, acts, x, keep)
            return head.value(sums[-1], outputs[-1], t), outputs[-1]

        self.stages = stages
        self._functions = step, slopes, judge
        self._compile()

    def _compile(self) -> None:
        self._step, self._slopes, self._judge = map(compiled, self._functions)
        self._ready: set[int] = set()  # rows of the batches whose program is there
        self._judged: set[int] = set()  # rows of what was judged

    # ---- steps ------------------------------------------------------------------------------------------------

    def learn(self, x: Tensor, t: Tensor) -> Tensor:
        """One update; the loss before it, without penalties."""
        masks = self.masks(len(x.array))
        if len(x.array) not in self._ready:
            self._get_ready(x, t, masks)
        return self._step(x, t, *masks)

    def _get_ready(self, x: Tensor, t: Tensor, masks: list[Tensor]) -> None:
        """Run the step until it is replayed, and put everything back.

        Every step that counts is then made by the same program, and not the first ones op by op, whose sums are added
        up in another order: a session that comes back from disk goes on to the very bit.
        """
        if self.memory_names and not self.optimizer.state:
            return  # the first step makes the optimiser's memory, and is unlike the others
        arrays = [*(p.array for p in self.parameters), *(array for _, _, array in self.remembered())]
        kept = [array.copy() for array in arrays]
        replays = self._step.replays
        for _ in range(_TRIES):
            self._step(x, t, *masks)
            if self._step.replays > replays or self._step.obstacle:
                break
        for array, before in zip(arrays, kept, strict=True):
            array[...] = before
        self._ready.add(len(x.array))

    def measure(self, x: Tensor, t: Tensor) -> Tensor:
        """The gradients at these samples, without an update."""
        return self._slopes(x, t)

    def judge(self, x: Tensor, t: Tensor) -> tuple[float, np.ndarray]:
        """The loss over all of these, and the outputs."""
        known = len(x.array) in self._judged  # who is judged once needs no program, which takes a while to make
        self._judged.add(len(x.array))
        with no_grad():
            loss, outputs = (self._judge if known else self._functions[2])(x, t)
        return float(loss.array), outputs.array

    def masks(self, rows: int) -> list[Tensor]:
        """Dropout's masks for a batch, drawn anew: 0 for what is left out, 1 / (1 - share) for what stays."""
        if not self.dropout:
            return []
        if rows not in self._masks:
            self._masks[rows] = [wrap(np.empty((rows, layer.shape[0]))) for layer in self.layers[:-1]]
        share = float(self.share.array)
        for mask in self._masks[rows]:
            mask.array[...] = (self.rng.random(mask.array.shape) >= share) / (1 - share)
        return self._masks[rows]

    def close(self) -> None:
        """Another one takes its place: the memory of its programs is given back now."""
        self._forget_programs()
        del self._functions, self.stages  # which hold this learner in turn
        for p in self.parameters:
            p.grad = None  # which remembers what it was made of

    def _forget_programs(self) -> None:
        for function in (self._step, self._slopes, self._judge):
            if function is not None:
                function.forget()
        self._step = self._slopes = self._judge = None

    def renew(self) -> None:
        """Other points have other shapes, each with a program of its own: begin again before there are too many."""
        if any(len(f.programs) > _MOST_SHAPES or f.obstacle for f in (self._step, self._slopes, self._judge)):
            self._forget_programs()
            self._compile()

    def changed_by_hand(self) -> None:
        """Weights were set from outside: what is frozen is frozen at its new value."""
        for p, _, value in self._fixed:
            value.array[...] = p.array

    # ---- numbers ----------------------------------------------------------------------------------------------

    @property
    def penalty(self) -> float:
        """What L1 and L2 add to the loss."""
        if not (self.l1.array or self.l2.array):
            return 0.0
        weights = [p.array for p in self.parameters[::2]]
        squares, sizes = (sum(float(f(w).sum()) for w in weights) for f in (np.square, np.abs))
        return float(self.l2.array) * 0.5 * squares + float(self.l1.array) * sizes

    @property
    def counted(self) -> list[np.ndarray]:
        """What `net` keeps between two steps."""
        return []

    @property
    def gradients(self) -> np.ndarray:
        """All gradients end to end; zeros before the first step."""
        grads = [np.zeros_like(p.array) if p.grad is None else p.grad.array for p in self.parameters]
        return network.flat(grads)

    @property
    def memory_names(self) -> list[str]:
        """What the optimiser remembers of each weight."""
        keys = {"momentum": ["momentum_buffer"], "rmsprop": ["square_avg"], "adam": ["exp_avg", "exp_avg_sq"]}
        return keys.get(self._rule, [])

    @property
    def memory_words(self) -> list[str]:
        """The same in words."""
        return [_MEMORY[key] for key in self.memory_names]

    def memory(self) -> np.ndarray:
        """What the optimiser remembers, `(kinds, numbers)`; zeros before the first step."""
        rows = []
        for key in self.memory_names:
            parts = [self.optimizer.state.get(p, {}).get(key) for p in self.parameters]
            arrays = [
                np.zeros_like(p.array) if s is None else s.array for p, s in zip(self.parameters, parts, strict=True)
            ]
            rows.append(network.flat(arrays))
        total = sum(p.array.size for p in self.parameters)
        return np.array(rows).reshape(len(rows), total)

    def remembered(self) -> Iterator[tuple[int, str, np.ndarray]]:
        """All that the optimiser remembers: the number of the parameter, what it is, the numbers."""
        for i, state in self.optimizer.state_dict()["state"].items():
            for key, value in state.items():
                if isinstance(value, Tensor):
                    yield i, key, value.array

    def remember(self, things: Iterable[tuple[int, str, np.ndarray]]) -> None:
        """Take over what another optimiser of the same rule remembered.

        Raises `GlassnetError` for what this one could not have remembered.
        """
        state: dict[int, dict[str, Tensor]] = {}
        for i, key, array in things:
            if not 0 <= i < len(self.parameters) or key not in ("step", *self.memory_names):
                got = f"got the memory {key[:40]!r} of parameter {i}"
                raise FormatError(complain(got, f"expected that of {self._rule}", "Try beginning anew"))
            state.setdefault(i, {})[key] = wrap(array)
        if state:
            self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})

    def forget(self, state: Mapping[str, Any]) -> None:
        """A fresh optimiser: steps are counted from 0 again."""
        self.optimizer, self._made_of = None, None
        for p in self.parameters:
            p.grad = None
        self.configure(state)


def activations_of(state: Mapping[str, Any], hidden: int) -> list[str]:
    """The activation of each hidden layer."""
    chosen = state["activations"][:hidden]
    return [*chosen, *[state["activation"]] * (hidden - len(chosen))]


def sum_of(terms: Sequence[Tensor]) -> Tensor:
    """Their sum, added from left to right."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _optimizer(state: Mapping[str, Any], parameters: Sequence[Tensor]) -> Any:
    rate, momentum = float(state["learning_rate"]), float(state["momentum"])
    if state["optimizer"] == "momentum":
        return optim.SGD(parameters, lr=rate, momentum=momentum)
    if state["optimizer"] == "rmsprop":
        return optim.RMSprop(parameters, lr=rate)
    if state["optimizer"] == "adam":
        return optim.Adam(parameters, lr=rate, betas=(momentum, 0.999))
    return optim.SGD(parameters, lr=rate)


class ParityLearner(Learner):
    """The same for a network that counts as TensorFlow Playground does; the tape only draws its pictures."""

    has_tape = False

    def configure(self, state: Mapping[str, Any], head: Head | None = None) -> None:
        """Follow the state."""
        super().configure(state, head)
        self.batch = int(state["batch_size"])
        self.rate = float(state["learning_rate"])
        self.kind = "L1" if state["l1"] else "L2" if state["l2"] else "none"
        self.amount = float(state["l1"] or state["l2"])
        if self.net is None:
            self.begin()

    def begin(self) -> None:
        """Count from the present weights on."""
        pairs = [(layer.weight.array, layer.bias.array) for layer in self.layers]
        self.net = ParityNet(pairs, (self.names or ["tanh"])[0], self.head.output)
        self.net.layers = pairs  # the very arrays that are drawn
        self.latest = np.zeros(sum(p.array.size for p in self.parameters))

    def learn(self, x: Tensor, t: Tensor) -> Tensor:
        """Add the gradients of these samples, and update if the batch is full; the loss before it."""
        loss = self.net.loss(x.array, t.array)
        self.net.accumulate(x.array, t.array)
        self.latest = network.flat([s for pair in self.net.sums for s in pair]) / max(self.net.count, 1)
        if len(x.array) == self.batch:
            self.net.update(self.rate, self.kind, self.amount)
        return wrap(np.array(loss))

    def judge(self, x: Tensor, t: Tensor) -> tuple[float, np.ndarray]:
        """The Playground's loss, and the outputs."""
        return self.net.loss(x.array, t.array), self.net.forward(x.array)[-1][1]

    @property
    def counted(self) -> list[np.ndarray]:
        """What is kept between two steps beside the weights."""
        return [*self.net.memory, self.latest]

    @property
    def gradients(self) -> np.ndarray:
        """The mean gradients since the last update."""
        return self.latest

    def forget(self, state: Mapping[str, Any]) -> None:
        """Begin again from the present weights."""
        super().forget(state)
        self.begin()
