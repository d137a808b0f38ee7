"""A small training whose whole state can be taken and put back: what the tests of resuming train.

It is written by hand from the library's pieces, as a user's own loop would be: a model, an optimiser, a schedule, a
shuffled order that lasts an epoch, the random streams, and the losses so far.

    python session.py FOLDER STEPS     go on from the newest checkpoint there, save every 3 steps, print the digest
"""

import hashlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

import glassnet as torch
from glassnet import nn
from glassnet.train.checkpoint import Checkpoints
from glassnet.train.rng_state import rng_state, set_rng_state

EXAMPLES, BATCH = 22, 4  # so that the last batch of an epoch is a short one
PER_EPOCH = -(-EXAMPLES // BATCH)

SCHEDULES = {
    "none": lambda optimizer: None,
    "step": lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5),
    "one cycle": lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=60),
    "cosine": lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4, 2),
    "plateau": lambda optimizer: torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1),
}


class Session:
    """A network with batch norm and dropout that learns from random numbers."""

    def __init__(self, seed: int, optimizer: str = "Adam", schedule: str = "none", compiled: bool = True) -> None:
        torch.manual_seed(7)
        self.x, self.y = torch.randn(EXAMPLES, 5), torch.randint(0, 3, (EXAMPLES,))
        torch.manual_seed(seed)
        random.seed(seed)  # unused here, but part of the state that is compared
        np.random.seed(seed)  # noqa: NPY002
        hidden = [nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3)]
        self.model = nn.Sequential(*hidden, nn.Linear(8, 3))
        make: Any = getattr(torch.optim, optimizer)
        options = {"momentum": 0.9} if optimizer == "SGD" else {}
        self.optimizer = make(self.model.parameters(), lr=0.01, **options)
        self.schedule: Any = SCHEDULES[schedule](self.optimizer)
        self.order = np.empty(0, np.int64)
        self.losses: list[float] = []
        self._compiled = compiled and optimizer != "LBFGS"
        self._learn: Any = torch.compile(self._one_step) if self._compiled else self._one_step
        self._rehearsed: set[int] = set()  # numbers of rows that the step has been recorded for

    def _rehearse(self, x: Any, y: Any) -> None:
        """Have the step recorded before its next call, so that every one but the very first is replayed.

        A replayed step rounds otherwise than one that runs op by op: the calls that record it would give a resumed
        training away. The very first makes the optimiser's state, which therefore cannot be put back.
        """
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()["state"]}
        kept = [(array, array.copy()) for array in _arrays(state)]
        streams, replays = rng_state(), self._learn.replays
        while self._learn.replays == replays:
            self._learn(x, y)
        set_rng_state(streams)
        for array, values in kept:
            array[...] = values
        self._rehearsed.add(len(x))

    def _loss(self, x: Any, y: Any) -> Any:
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.model(x), y)
        loss.backward()
        return loss

    def _one_step(self, x: Any, y: Any) -> Any:
        if type(self.optimizer).__name__ == "LBFGS":
            return self.optimizer.step(lambda: self._loss(x, y))
        loss = self._loss(x, y)
        self.optimizer.step()
        return loss.detach()

    def step(self) -> None:
        """Learn from one batch."""
        place = len(self.losses) % PER_EPOCH
        if place == 0:
            self.order = torch.randperm(EXAMPLES).numpy().copy()
        rows = self.order[place * BATCH : (place + 1) * BATCH]
        x, y = torch.from_numpy(self.x.numpy()[rows]), torch.from_numpy(self.y.numpy()[rows])
        if self._compiled and self.losses and len(x) not in self._rehearsed:
            self._rehearse(x, y)
        loss = float(self._learn(x, y).item())
        self.losses.append(loss)
        if self.schedule is not None:
            metric = [loss] if type(self.schedule).__name__ == "ReduceLROnPlateau" else []
            self.schedule.step(*metric)

    def train(self, until: int) -> "Session":
        """Go on until so many steps are done."""
        while len(self.losses) < until:
            self.step()
        return self

    def state(self) -> dict[str, Any]:
        """All that decides how it goes on."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state_dict(),
            "order": self.order,
            "losses": self.losses,
            "rng": rng_state(),
        }

    def restore(self, state: dict[str, Any]) -> "Session":
        """Go back to a state. The streams come last: what is made anew must not move them."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        self.order, self.losses = state["order"], list(state["losses"])
        set_rng_state(state["rng"])
        return self

    def digest(self) -> str:
        """SHA-256 over weights, optimiser, schedule, random streams, order and losses."""
        digest = hashlib.sha256()
        _add(self.state(), digest)
        return digest.hexdigest()


def _arrays(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, torch.Tensor):
        yield value.array
    elif isinstance(value, dict):
        for part in value.values():
            yield from _arrays(part)


def _add(value: Any, digest: Any) -> None:
    if isinstance(value, torch.Tensor):
        value = value.array
    if isinstance(value, np.ndarray | np.generic):
        digest.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(value, dict):
        for key, item in value.items():
            digest.update(f"{key!r}:".encode())
            _add(item, digest)
    elif isinstance(value, list | tuple):
        for item in value:
            _add(item, digest)
    else:
        digest.update(repr(value).encode())


def main(folder: str, steps: int) -> None:
    checkpoints = Checkpoints(folder, every_steps=3)
    session = Session(1, "Adam", "cosine")
    if checkpoints.paths:
        session.restore(checkpoints.newest()[1])
    while len(session.losses) < steps:
        session.step()
        if checkpoints.due(len(session.losses)):
            checkpoints.save(session.state(), score=session.losses[-1])
    print(len(session.losses), session.digest(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
