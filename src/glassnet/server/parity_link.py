"""Between the state of a session and a link of TensorFlow Playground."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassnet.server import tfp
from glassnet.server.properties import State

_REGRESSION = {"plane": "reg-plane", "gauss_regression": "reg-gauss"}


def obstacle(state: Mapping[str, Any]) -> str | None:
    """What of a state TensorFlow Playground does not have, if anything.

    >>> from glassnet.server.properties import defaults
    >>> obstacle({**defaults(), "optimizer": "adam"})
    'it has no optimiser adam'
    """
    name = state["dataset"]
    checks = (
        (name in tfp.CLASSIFICATION or name in _REGRESSION, f"it has no data set {name}"),
        (state["optimizer"] == "sgd", f"it has no optimiser {state['optimizer']}"),
        (state["activation"] in tfp.ACTIVATIONS, f"it has no activation {state['activation']}"),
        (not state["activations"], "it has one activation for all layers"),
        (set(state["features"]) <= set(tfp.FEATURES) and bool(state["features"]), "it has other inputs"),
        (not state["own_features"], "it has no inputs of your own"),
        (not state["dropout"], "it has no dropout"),
        (not (state["l1"] and state["l2"]), "it has L1 or L2, not both"),
        (state["loss"] in ("auto", "mse"), f"it has no loss {state['loss']}"),
        (state["output"] in ("auto", _output(name)), "its output is tanh for classes and linear for heights"),
        (state["init"] in ("uniform", "zeros"), "its weights start uniformly, or at 0"),
    )
    return next((reason for holds, reason in checks if not holds), None)


def _output(name: str) -> str:
    return "linear" if name in _REGRESSION else "tanh"


def link_of(state: Mapping[str, Any]) -> tfp.Link:
    """The link that a state in parity stands for."""
    name = state["dataset"]
    return tfp.Link(
        seed=state["parity_seed"] or "0.5",
        problem="regression" if name in _REGRESSION else "classification",
        dataset="circle" if name in _REGRESSION else name,
        reg_dataset=_REGRESSION.get(name, "reg-plane"),
        noise=round(state["noise"] * 100, 9),
        train_share=round(state["train_share"] * 100, 9),
        inputs=tuple(f for f in tfp.FEATURES if f in state["features"]),
        hidden=tuple(state["hidden"]),
        activation=state["activation"],
        regularization="L1" if state["l1"] else "L2" if state["l2"] else "none",
        learning_rate=state["learning_rate"],
        regularization_rate=state["l1"] or state["l2"],
        batch_size=state["batch_size"],
        zero=state["init"] == "zeros",
    )


def state_of(link: tfp.Link) -> State:
    """The settings that a link stands for; all others are the usual ones."""
    regression = link.problem == "regression"
    names = {own: name for name, own in _REGRESSION.items()}
    return {
        "parity": True,
        "parity_seed": link.seed[:40],
        "dataset": names[link.reg_dataset] if regression else link.dataset,
        "points": 1200 if regression else 500,
        "noise": link.noise / 100,
        "train_share": link.train_share / 100,
        "features": list(link.inputs),
        "hidden": list(link.hidden),
        "activation": link.activation,
        "loss": "mse",
        "output": "auto",
        "init": "zeros" if link.zero else "uniform",
        "init_bias": 0.0 if link.zero else 0.1,
        "learning_rate": link.learning_rate,
        "batch_size": link.batch_size,
        "l1": link.regularization_rate if link.regularization == "L1" else 0.0,
        "l2": link.regularization_rate if link.regularization == "L2" else 0.0,
        "show_test": link.show_test,
        "discretize": link.discretize,
    }
