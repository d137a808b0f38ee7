"""Whole PyTorch programs, run by PyTorch and by glassnet with nothing but their import lines changed.

Every number printed must agree (to a unit of its last digit and the rounding of float32), and all text in between
must be the same.
"""

import contextlib
import io
import re
import warnings
from pathlib import Path

import pytest
import torch

import glassnet

pytestmark = pytest.mark.peers

PROGRAMS = sorted(p for p in (Path(__file__).parent / "programs").glob("*.py") if p.name != "conftest.py")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?\b(?:nan|inf)\b")
RELATIVE, ABSOLUTE = 1e-4, 2e-6  # what rounding in float32 may grow to in a few hundred steps


def with_glassnet(source):
    """The program with its import lines changed, and nothing else."""
    source = re.sub(r"^import torch$", "import glassnet as torch", source, flags=re.M)
    source = re.sub(r"^import torch\.(\S+) as ", r"import glassnet.\1 as ", source, flags=re.M)
    return re.sub(r"^from torch(\S*) import ", r"from glassnet\1 import ", source, flags=re.M)


def printed(source, name):
    """What a program prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(source, name, "exec"), {"__name__": "__main__"})
    return out.getvalue()


def units(number):
    """The size of a unit of the last digit written."""
    mantissa, _, exponent = number.partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def agree(theirs, ours):
    if "." not in theirs and "e" not in theirs:
        return theirs == ours  # whole numbers, nan and inf
    a, b = float(theirs), float(ours)
    return abs(a - b) <= 1.01 * max(units(theirs), units(ours)) * (units(theirs) > 1e-6) + RELATIVE * abs(a) + ABSOLUTE


def differences(theirs, ours):
    """The lines that differ in more than rounding, from both."""
    a, b = theirs.splitlines(), ours.splitlines()
    found = [f"  torch: {x}\n  glassnet: {y}" for x, y in zip(a, b, strict=False) if not lines_agree(x, y)]
    if len(a) != len(b):
        found.append(f"  {len(a)} lines from torch, {len(b)} from glassnet")
    return found


def lines_agree(x, y):
    numbers = NUMBER.findall(x), NUMBER.findall(y)
    return (
        NUMBER.split(x) == NUMBER.split(y)
        and len(numbers[0]) == len(numbers[1])
        and all(agree(*pair) for pair in zip(*numbers, strict=True))
    )


@pytest.fixture(autouse=True)
def _as_before():
    yield
    for library in (torch, glassnet):
        library.set_default_dtype(library.float32)
        library.set_printoptions(profile="default")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_prints_the_same_numbers(path):
    source = path.read_text("utf-8")
    theirs, ours = printed(source, path.name), printed(with_glassnet(source), path.name)
    found = differences(theirs, ours)
    assert not found, "\n".join([f"{path.name}:", *found[:12]])


def test_the_comparison_notices_what_matters():
    same = "loss 0.1235 tensor([ 1.0000, -2.5000]) 7 of 9"
    assert not differences(same, same.replace("0.1235", "0.1236"))
    for wrong in (
        ("0.1235", "0.1239"),
        ("7 of", "8 of"),
        ("tensor", "array"),
        ("-2.5000", "2.5000"),
        (" of 9", " of 9."),
    ):
        assert differences(same, same.replace(*wrong))
    assert differences(same, same + "\nmore")


def test_only_import_lines_are_changed():
    changed = {
        "import torch": "import glassnet as torch",
        "import torch.nn as nn": "import glassnet.nn as nn",
        "from torch.optim import SGD": "from glassnet.optim import SGD",
        "from torch import nn": "from glassnet import nn",
        'print("import torch")': 'print("import torch")',
        "x = torch.ones(2)  # from torch import": "x = torch.ones(2)  # from torch import",
    }
    assert with_glassnet("\n".join(changed)) == "\n".join(changed.values())
