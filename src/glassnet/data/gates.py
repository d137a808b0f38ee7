"""The four logic gates: whole truth tables, so the examples to train on are also those to test on.

A single threshold unit can be AND, OR or NAND (McCulloch and Pitts 1943, Rosenblatt 1958) but not XOR (Minsky and
Papert 1969): the smallest reason for a hidden layer.
"""

import numpy as np

from glassnet.data.registry import Arrays, fixed


def truth_table(*outputs: int) -> Arrays:
    """The inputs 00, 01, 10, 11 as float32 `(4, 2)` and their outputs as int64 `(4,)`.

    >>> truth_table(0, 0, 0, 1).y_train
    array([0, 0, 0, 1])
    """
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    y = np.array(outputs, dtype=np.int64)
    return Arrays(x, y, x.copy(), y.copy())


def gate(name: str, summary: str, source: str = "McCulloch and Pitts (1943)"):
    """Register a function that returns the truth table of a gate."""
    facts = {"classes": ("0", "1"), "feature_names": ("x1", "x2")}
    return fixed(name, task="classification", summary=summary, source=source, **facts)


@gate("and", "1 when both inputs are 1")
def and_gate() -> Arrays:
    """Both.

    >>> and_gate().y_train
    array([0, 0, 0, 1])
    """
    return truth_table(0, 0, 0, 1)


@gate("or", "1 when an input is 1")
def or_gate() -> Arrays:
    """Either.

    >>> or_gate().y_train
    array([0, 1, 1, 1])
    """
    return truth_table(0, 1, 1, 1)


@gate("nand", "0 when both inputs are 1")
def nand_gate() -> Arrays:
    """Not both.

    >>> nand_gate().y_train
    array([1, 1, 1, 0])
    """
    return truth_table(1, 1, 1, 0)


@gate("xor_gate", "1 when the inputs differ: the four points that no straight line parts", "Minsky and Papert (1969)")
def xor_gate() -> Arrays:
    """One, not both.

    >>> xor_gate().y_train
    array([0, 1, 1, 0])
    """
    return truth_table(0, 1, 1, 0)
