"""Write printing.json, the texts that PyTorch prints: `python tests/golden/make_printing.py` (needs torch 2.13)."""

import json
import pathlib

if __name__ == "__main__":  # a test run only looks for doctests here, and it may have no torch
    import torch

# (NumPy expression for the array, options for set_printoptions, keywords for format_tensor)
CASES = [
    ("np.float32(7)", {}, {}),
    ("np.float32([7])", {}, {}),
    ("np.float32([1.5, -2, 0])", {}, {"requires_grad": True}),
    ("np.float32([[1, 2], [3, 40]])", {}, {"grad_fn": "MulBackward0", "requires_grad": True}),
    ("np.float32([0.1, 0.25, np.nan, np.inf, -np.inf])", {}, {}),
    ("np.float32([1, 2, np.nan, -np.inf])", {}, {}),
    ("np.float32([0, -0.0])", {}, {}),
    ("np.float32([1e-5, 1])", {}, {}),
    ("np.float32([0.5, 500.1])", {}, {}),
    ("np.float32([0.5, 500.0])", {}, {}),
    ("np.float32([0.0001, 0.1])", {}, {}),
    ("np.float32([1, 1000])", {}, {}),
    ("np.float32([1, 1001])", {}, {}),
    ("np.float32([1.0e8, 2e8])", {}, {}),
    ("np.float64([1 / 3, 2 / 3])", {}, {}),
    ("np.float64([[1e300, 1e-300]])", {}, {}),
    ("np.float16([0.1, 60000])", {}, {}),
    ("np.arange(30) * 0.37", {}, {}),
    ("np.arange(30)", {}, {}),
    ("np.arange(30, dtype=np.int32)", {}, {}),
    ("np.int8([-128, 5])", {}, {}),
    ("np.uint8([[255], [0]])", {}, {}),
    ("np.array([True, False])", {}, {}),
    ("np.zeros((0, 3), np.float32)", {}, {}),
    ("np.zeros(0, np.float32)", {}, {}),
    ("np.zeros(0, np.int64)", {}, {}),
    ("np.zeros((2, 0), np.float64)", {}, {"requires_grad": True}),
    ("np.arange(24, dtype=np.float32).reshape(2, 3, 4)", {}, {}),
    ("np.arange(16).reshape(2, 2, 2, 2) % 3 == 0", {}, {}),
    ("np.arange(1001)", {}, {}),
    ("np.arange(1000).reshape(10, 100)[:, :30]", {}, {}),
    ("np.arange(1200, dtype=np.float32).reshape(30, 40) / 7", {}, {"requires_grad": True}),
    ("np.arange(1200, dtype=np.float32).reshape(2, 300, 2) / 7", {}, {}),
    ("np.float32([1 / 3, 100 / 3])", {"precision": 2}, {}),
    ("np.float32([1 / 3, 100 / 3])", {"sci_mode": True}, {}),
    ("np.float32([1e-7, 1])", {"sci_mode": False}, {}),
    ("np.arange(12).reshape(6, 2)", {"threshold": 5, "edgeitems": 1}, {}),
    ("np.arange(12)", {"threshold": 5, "edgeitems": 0}, {}),
    ("np.arange(12).reshape(6, 2)", {"threshold": 5, "edgeitems": 0}, {}),
    ("np.arange(40)", {"linewidth": 40}, {}),
    ("np.arange(2000, dtype=np.float32) / 3", {"profile": "short"}, {}),
    ("np.arange(1001)", {"profile": "full"}, {}),
]


def text_of(expression, options, notes):
    import numpy as np

    torch.set_printoptions(profile="default")
    torch.set_printoptions(**options)
    t = torch.from_numpy(np.array(eval(expression, {"np": np})))
    t.requires_grad_(notes.get("requires_grad", False))
    return repr(t * 1 if "grad_fn" in notes else t)


if __name__ == "__main__":
    rows = [json.dumps([*case, text_of(*case)]) for case in CASES]
    path = pathlib.Path(__file__).with_name("printing.json")
    path.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
