"""Write dtypes.json: the dtype of every result, as PyTorch 2.13 gives it. Run it where PyTorch is installed.

    python tests/golden/make_dtypes.py

An operand is written as its dtype; "()" after it means a tensor without axes; `python int` and the like are Python's.
A name that ends in 0 takes axis 0; one that starts with a point is a method.
"""

import itertools
import json
from pathlib import Path

import torch

DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]
TENSORS = [d + form for d in DTYPES for form in ("", "()")]
PYTHON = {"python int": 2, "python float": 2.0, "python bool": True}

OF_TENSORS = "maximum minimum atan2 logical_and __and__ __or__ __xor__"
OF_NUMBERS = "add sub mul div floor_divide remainder pow fmod eq lt where"
IN_PLACE = "add_ mul_ div_ sub_"
SINGLES = """
    neg abs square sqrt exp exp2 expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh sigmoid relu erf
    sign floor ceil round trunc reciprocal rsqrt isnan isinf isfinite logical_not sum prod mean std var amax argmax norm
    any all clone flip0 cumsum0 softmax0 logsumexp0 sort0 argsort0 zeros_like bitwise_not
    .float .double .half .long .int .short .byte .bool
"""


def operand(name):
    if name in PYTHON:
        return PYTHON[name]
    return torch.ones(() if name.endswith("()") else 2, dtype=getattr(torch, name.removesuffix("()")))


def compute(name, *operands):
    first, *rest = operands
    if name == "where":
        return torch.where(torch.ones(2) > 0, *operands)
    if name == "cat":
        return torch.cat(operands)
    if name.startswith((".", "__")) or name.endswith("_"):
        return getattr(first, name.removeprefix("."))(*rest)
    if name.endswith("0") and name != "log10":
        return getattr(torch, name[:-1])(first, (0,) if name == "flip0" else 0)
    return getattr(torch, name)(*operands)


def dtype_of(name, *operands):
    try:
        result = compute(name, *map(operand, operands))
    except (RuntimeError, TypeError, NotImplementedError):
        return "error"
    result = result[0] if isinstance(result, tuple) else result
    return str(result.dtype).removeprefix("torch.")


def main():
    columns = {name: [(d,) for d in DTYPES] for name in SINGLES.split()}
    columns |= {name: [*itertools.product(TENSORS, TENSORS)] for name in OF_TENSORS.split()}
    columns |= {name: [*itertools.product(TENSORS, [*TENSORS, *PYTHON])] for name in OF_NUMBERS.split()}
    columns |= {name: [*itertools.product(DTYPES, [*TENSORS, *PYTHON])] for name in IN_PLACE.split()}
    columns["cat"] = [*itertools.product(DTYPES, DTYPES)]
    rows = {name: {", ".join(row): dtype_of(name, *row) for row in columns[name]} for name in sorted(columns)}
    lines = [f"{json.dumps(name)}: {json.dumps(row, sort_keys=True)}" for name, row in rows.items()]
    Path(__file__).with_name("dtypes.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
