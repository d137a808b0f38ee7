"""A network of a session at many places of the plane, in float32: what heat maps are drawn from, sixty times a second.

Units are rows here, `(units, places)`, so that each one's heat map lies in one piece, and nothing is made anew that the
last picture has made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from glassnet.core.mode import no_grad, recording
from glassnet.core.tensor import wrap
from glassnet.server.learner import Learner
from glassnet.server.network import Act

InPlace = Callable[[np.ndarray], np.ndarray]


class View:
    """The network of a learner. `weights` is where its numbers are copied to, end to end, in float32.

    >>> from glassnet.server.playground import Playground
    >>> playground = Playground({"hidden": [3], "activation": "relu"})
    >>> view = View(playground.learner, np.zeros(13, np.float32))
    >>> view.look()
    >>> room = np.empty((3, 5), np.float32)
    >>> hidden, output = view.outputs(np.zeros((2, 5), np.float32), [room, None])
    >>> hidden is room, output.shape
    (True, (1, 5))
    """

    def __init__(self, learner: Learner, weights: np.ndarray) -> None:
        self.learner, self.weights = learner, weights
        windows, at = [], 0
        for p in learner.parameters:
            windows.append(weights[at : at + p.array.size].reshape(p.array.shape))
            at += p.array.size
        acts = [in_place(act) for act in (*learner.acts[:-1], learner.head.act_of_rows)]
        biases = [bias[:, None] for bias in windows[1::2]]
        self._layers = list(zip(windows[::2], biases, acts, strict=True))

    def look(self) -> None:
        """Take over the weights that the network has now."""
        arrays = [p.array.reshape(-1) for p in self.learner.parameters]
        np.concatenate(arrays, out=self.weights, casting="same_kind")

    def outputs(self, x: np.ndarray, rooms: Sequence[np.ndarray | None]) -> Iterator[np.ndarray]:
        """What each layer says, `(units, places)`, from the first to the last; x is `(features, places)`.

        For a layer that has a room, an array of the same shape, it may be written there, and is that array then.
        """
        left_out = self.learner.left_out
        if left_out[0] is not None:
            x = x * left_out[0]
        for i, (weight, bias, act) in enumerate(self._layers):
            z = np.dot(weight, x, out=rooms[i])  # (units, places) = (units, sources) @ (sources, places)
            z += bias
            x = act(z)
            kept = left_out[i + 1]
            if kept is not None:
                x *= kept
            yield x


def in_place(act: Act) -> InPlace:
    """An activation of plain arrays, which it may write over; one call, where it is one operation of the table.

    >>> from glassnet.server.network import ACTIVATIONS
    >>> [in_place(ACTIVATIONS[name])(np.array([[-1.0, 2.0]])).tolist() for name in ("relu", "hardtanh", "linear")]
    [[[0.0, 2.0]], [[-1.0, 1.0]], [[-1.0, 2.0]]]
    """
    with no_grad(), recording() as trace:
        act(wrap(np.ones((1, 1), np.float32)))
    if not trace.nodes:
        return lambda z: z
    row, attrs = trace.nodes[0].op, trace.nodes[0].attrs
    if row is not None and row.elementwise and len(trace.nodes) == 1 and len(trace.nodes[0].inputs) == 1:
        run = row.run
        return lambda z: run(z, out=z, **attrs)

    def run_op_by_op(z: np.ndarray) -> np.ndarray:
        with no_grad():
            return act(wrap(z)).array

    return run_op_by_op
