"""From nothing to 97 % on MNIST with scikit-learn: `python with_sklearn.py FOLDER` prints the test accuracy."""

import sys
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier

RATES = (0.1, 0.02)  # one epoch each


def load(name: str) -> tuple[np.ndarray, np.ndarray]:
    folder = Path(sys.argv[1])
    x, y = np.load(folder / f"{name}-x.npy"), np.load(folder / f"{name}-y.npy")
    return np.multiply(x, np.float32(1 / 255), dtype=np.float32), y


def main() -> None:
    x, y = load("mnist")
    model = MLPClassifier((128, 64), solver="sgd", alpha=0, batch_size=128, learning_rate_init=RATES[0], random_state=0)
    model.partial_fit(x, y, classes=range(10))
    for rate in RATES[1:]:
        # no public way lowers the rate between epochs and keeps the momentum
        model._optimizer.learning_rate_init = model._optimizer.learning_rate = rate
        model.partial_fit(x, y)
    print(model.score(*load("test")))


if __name__ == "__main__":
    main()
