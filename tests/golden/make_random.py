"""Write random.json, the numbers that PyTorch draws: `python tests/golden/make_random.py` (needs torch 2.13)."""

import json
import pathlib
import zlib

import numpy as np

if __name__ == "__main__":  # a test run only looks for doctests here, and it may have no torch
    import torch

SEEDS = [0, 1, 2**32 + 5, 2**64 - 3]


def empty(shape, dtype):
    return torch.empty(shape, dtype=getattr(torch, dtype))


# One entry per function of glassnet.core.random: how PyTorch draws the same, from the same arguments.
DRAWS = {
    "uniform": lambda shape, low, high, dtype: empty(shape, dtype).uniform_(low, high),
    "normal": lambda shape, mean, std, dtype: empty(shape, dtype).normal_(mean, std),
    "exponential": lambda shape, rate, dtype: empty(shape, dtype).exponential_(rate),
    "bernoulli": lambda shape, p, dtype: empty(shape, dtype).bernoulli_(p),
    "randint": lambda low, high, shape: torch.randint(low, high, shape),
    "integers": lambda shape, dtype: torch.from_numpy(np.empty(shape, dtype)).random_(),
    "permutation": lambda n: torch.randperm(n),
    "multinomial": lambda probs, n, replacement: torch.multinomial(torch.tensor(probs).double(), n, replacement),
    "trunc_normal": lambda shape, mean, std, a, b, dtype: torch.nn.init.trunc_normal_(
        empty(shape, dtype), mean, std, a, b
    ),
}

WEIGHTS = [[0.1, 0.0, 2.5, 0.4], [1.0, 1.0, 1.0, 1.0]]

# (function, arguments); every program below draws them all in this order from one stream.
PROGRAM = [
    ("uniform", {"shape": [5], "low": 0.0, "high": 1.0, "dtype": "float32"}),
    ("uniform", {"shape": [2, 3], "low": -0.0357, "high": 0.0357, "dtype": "float32"}),
    ("uniform", {"shape": [6], "low": -0.0357, "high": 0.31, "dtype": "float64"}),
    ("normal", {"shape": [3], "mean": 0.0, "std": 1.0, "dtype": "float32"}),
    ("normal", {"shape": [4], "mean": 0.5, "std": 0.3, "dtype": "float64"}),
    ("normal", {"shape": [16], "mean": 0.0, "std": 1.0, "dtype": "float32"}),
    ("normal", {"shape": [3, 7], "mean": -1.3, "std": 0.02, "dtype": "float32"}),
    ("normal", {"shape": [19], "mean": 0.1, "std": 1.7, "dtype": "float64"}),
    ("exponential", {"shape": [4], "rate": 1.5, "dtype": "float32"}),
    ("bernoulli", {"shape": [3, 4], "p": 0.3, "dtype": "float32"}),
    ("bernoulli", {"shape": [8], "p": 0.75, "dtype": "float64"}),
    ("randint", {"low": -3, "high": 9, "shape": [8]}),
    ("randint", {"low": 0, "high": 2**28 - 1, "shape": [3]}),
    ("randint", {"low": 0, "high": 2**28, "shape": [3]}),
    ("randint", {"low": -(2**62), "high": 2**62 + 12345, "shape": [3]}),
    ("integers", {"shape": [3], "dtype": "int64"}),
    ("integers", {"shape": [3], "dtype": "float32"}),
    ("integers", {"shape": [3], "dtype": "int8"}),
    ("permutation", {"n": 1}),
    ("permutation", {"n": 20}),
    ("multinomial", {"probs": WEIGHTS[0], "n": 3, "replacement": False}),
    ("multinomial", {"probs": WEIGHTS, "n": 1, "replacement": True}),
    ("multinomial", {"probs": WEIGHTS, "n": 5, "replacement": True}),
    ("trunc_normal", {"shape": [20], "mean": 0.0, "std": 0.6, "a": -0.5, "b": 0.7, "dtype": "float32"}),
    ("trunc_normal", {"shape": [5], "mean": 0.0, "std": 1.0, "a": 1.0, "b": 2.0, "dtype": "float32"}),
]


def play(seed):
    torch.manual_seed(seed)
    values = [DRAWS[name](**arguments).tolist() for name, arguments in PROGRAM]
    return {"seed": seed, "values": values, "state_crc32": zlib.crc32(torch.get_rng_state().numpy().tobytes())}


def long_draws():
    """Draws too long to write down: their CRC-32."""
    torch.manual_seed(5)
    draws = {
        "permutation 70000": torch.randperm(70000),
        "uniform 10007": torch.empty(10007).uniform_(-0.1, 0.3),
        "normal 10007": torch.randn(10007),
    }
    return {name: zlib.crc32(values.numpy().tobytes()) for name, values in draws.items()}


if __name__ == "__main__":
    content = {
        "torch": torch.__version__,
        "program": PROGRAM,
        "streams": [play(seed) for seed in SEEDS],
        "long": long_draws(),
    }
    text = json.dumps(content, indent=None, separators=(", ", ": ")).replace('{"seed"', '\n{"seed"')
    pathlib.Path(__file__).with_name("random.json").write_text(text + "\n", encoding="utf-8")
