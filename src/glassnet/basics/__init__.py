"""The beginnings, small enough to read in one sitting: a neuron, gates, the perceptron, a scalar engine, a network.

    neuron        one neuron, which is a perceptron, logistic regression or linear regression by its activation
    gates         AND, OR, NOT, NAND and XOR from weights chosen by hand; a check of anybody's weights
    perceptron    Rosenblatt's learning rule (1958)
    separability  a line between two classes, or a proof that there is none
    scalar        numbers that remember where they came from: backpropagation in under 100 lines
    columns       a network of any depth in plain NumPy, a sample in each column

Nothing here is used by the engine; the tests hold what it computes equal to what the engine computes.
"""

from glassnet.basics.gates import GATES, Gate, check_gate
from glassnet.basics.neuron import Neuron
from glassnet.basics.perceptron import Perceptron
from glassnet.basics.scalar import Value
from glassnet.basics.separability import Separation, separate

__all__ = ["GATES", "Gate", "Neuron", "Perceptron", "Separation", "Value", "check_gate", "separate"]
