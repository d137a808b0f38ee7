"""Mistakes in shapes and axes, and what their makers are told."""

import pytest

import glassnet as torch
from glassnet.errors import DTypeError, ShapeError, ValueRangeError

ones, zeros, tensor = torch.ones, torch.zeros, torch.tensor
F = torch.nn.functional
INT, LONG = torch.int32, torch.int64


def learnt(*shape):
    return ones(*shape, requires_grad=True)


# name: (the mistake, the error, what the message must say in this order, the fix that it suggests)
MISTAKES = {
    # ---- shapes that do not broadcast
    "add": (
        lambda: ones(3) + ones(4),
        ShapeError,
        ["add: got shapes (3,) and (4,)", "3 against 4", "expected equal sizes, or 1", "Try .reshape or .unsqueeze"],
        lambda: ones(3).unsqueeze(1) + ones(4),
    ),
    "add rows": (
        lambda: ones(2, 3) + ones(2),
        ShapeError,
        ["got shapes (2, 3) and (2,)", "axis -1 (3 against 2)"],
        lambda: ones(2, 3) + ones(2).unsqueeze(1),
    ),
    "mul": (
        lambda: ones(2, 5, 3) * ones(4, 3),
        ShapeError,
        ["mul: got shapes (2, 5, 3) and (4, 3)", "axis -2"],
        lambda: ones(2, 5, 3) * ones(1, 3),
    ),
    "maximum": (
        lambda: torch.maximum(ones(2), ones(3)),
        ShapeError,
        ["maximum: got shapes (2,) and (3,)"],
        lambda: torch.maximum(ones(2), ones(1)),
    ),
    "compare": (lambda: ones(2) < ones(3), ShapeError, ["lt: got shapes (2,) and (3,)"], lambda: ones(2) < ones(2)),
    "where": (
        lambda: torch.where(ones(2) > 0, ones(3), 0.0),
        ShapeError,
        ["where: got", "(2,)", "(3,)"],
        lambda: torch.where(ones(3) > 0, ones(3), 0.0),
    ),
    "lerp": (
        lambda: torch.lerp(ones(2), ones(3), 0.5),
        ShapeError,
        ["(3,)", "(2,)"],
        lambda: torch.lerp(ones(2), ones(2), 0.5),
    ),
    "masked_fill": (
        lambda: ones(3).masked_fill(tensor([True, False]), 0.0),
        ShapeError,
        ["(2,)", "(3,)"],
        lambda: ones(2).masked_fill(tensor([True, False]), 0.0),
    ),
    "allclose": (
        lambda: torch.allclose(ones(2), ones(3)),
        ShapeError,
        ["got shapes (2,) and (3,)"],
        lambda: torch.allclose(ones(2), ones(1)),
    ),
    # ---- products
    "matmul": (
        lambda: ones(2, 3) @ ones(2, 3),
        ShapeError,
        ["matmul: got (2, 3) @ (2, 3)", "3 and 2", "Try the transpose of one side (.T)"],
        lambda: ones(2, 3) @ ones(2, 3).T,
    ),
    "matmul of vectors": (lambda: ones(3) @ ones(4), ShapeError, ["matmul: got", "3 and 4"], lambda: ones(3) @ ones(3)),
    "matmul by a vector": (
        lambda: ones(2, 3) @ ones(2),
        ShapeError,
        ["matmul: got (2, 3)", "3 and 2"],
        lambda: ones(2) @ ones(2, 3),
    ),
    "matmul by a number": (
        lambda: ones(2, 3) @ tensor(1.0),
        ShapeError,
        ["expected at least one axis on each side", "Try * for a plain product"],
        lambda: ones(2, 3) * tensor(1.0),
    ),
    "matmul of batches": (
        lambda: ones(2, 3, 4) @ ones(3, 4, 5),
        ShapeError,
        ["(2, 3, 4)", "(3, 4, 5)"],
        lambda: ones(2, 3, 4) @ ones(2, 4, 5),
    ),
    "matmul of kinds": (
        lambda: ones(2, 2) @ ones(2, 2, dtype=LONG),
        DTypeError,
        ["torch.float32 @ torch.int64", "expected the same dtype", "Try .to(torch.float32)"],
        lambda: ones(2, 2) @ ones(2, 2, dtype=LONG).to(torch.float32),
    ),
    "matmul of precisions": (
        lambda: ones(2, 2) @ ones(2, 2).double(),
        DTypeError,
        ["torch.float32 @ torch.float64"],
        lambda: ones(2, 2) @ ones(2, 2).double().to(torch.float32),
    ),
    "mm of vectors": (
        lambda: torch.mm(ones(3), ones(3)),
        ShapeError,
        ["mm: got a tensor of shape (3,), with 1 axes; expected 2", "Try torch.matmul"],
        lambda: torch.matmul(ones(3), ones(3)),
    ),
    "bmm of matrices": (
        lambda: torch.bmm(ones(2, 3), ones(3, 2)),
        ShapeError,
        ["bmm: got", "expected 3"],
        lambda: torch.matmul(ones(2, 3), ones(3, 2)),
    ),
    "dot of matrices": (
        lambda: torch.dot(ones(2, 2), ones(2, 2)),
        ShapeError,
        ["dot: got", "expected 1"],
        lambda: torch.matmul(ones(2, 2), ones(2, 2)),
    ),
    "outer of matrices": (
        lambda: torch.outer(ones(2, 2), ones(2)),
        ShapeError,
        ["outer: got", "expected 1"],
        lambda: torch.outer(ones(4), ones(2)),
    ),
    # ---- shapes asked for
    "reshape": (
        lambda: ones(6).reshape(4, 2),
        ShapeError,
        [
            "reshape: got shape (6,) (6 numbers) to lay out as (4, 2)",
            "expected a shape with 6 numbers",
            "Try reshape(-1)",
        ],
        lambda: ones(6).reshape(-1),
    ),
    "view": (lambda: ones(6).view(4, -1), ShapeError, ["(6,)", "(4, -1)"], lambda: ones(6).view(3, -1)),
    "reshape by half": (
        lambda: ones(6).reshape(6 / 2, 2),
        DTypeError,
        ["got the sizes (3.0, 2)", "expected whole numbers", "Try int(), or //"],
        lambda: ones(6).reshape(6 // 2, 2),
    ),
    "permute": (
        lambda: ones(2, 3).permute(0, 0),
        ShapeError,
        ["permute: got", "(2, 3)", "(0, 0)"],
        lambda: ones(2, 3).permute(1, 0),
    ),
    "transpose": (
        lambda: ones(2, 3).transpose(0, 2),
        ValueRangeError,
        ["dim=2", "2 axes", "expected -2 to 1", "Try dim=1"],
        lambda: ones(2, 3).transpose(0, 1),
    ),
    "t": (
        lambda: ones(2, 3, 4).t(),
        ShapeError,
        ["t(): got 3 axes; expected at most 2", "Try .transpose(-2, -1)"],
        lambda: ones(2, 3, 4).transpose(-2, -1),
    ),
    "unsqueeze": (lambda: ones(2).unsqueeze(3), ValueRangeError, ["dim=3"], lambda: ones(2).unsqueeze(1)),
    "expand": (lambda: ones(2).expand(3), ShapeError, ["expand: got shape (2,)"], lambda: ones(1).expand(3)),
    "expand to fewer": (
        lambda: ones(2, 3).expand(3),
        ShapeError,
        ["expand: got 1 sizes (3,) for a tensor of shape (2, 3); expected at least 2"],
        lambda: ones(1, 3).expand(1, 3),
    ),
    "repeat less": (
        lambda: ones(2, 3).repeat(2),
        ShapeError,
        ["repeat: got 1 sizes (2,)", "Try repeat(1, 2)"],
        lambda: ones(2, 3).repeat(1, 2),
    ),
    "cat": (
        lambda: torch.cat([ones(2, 3), ones(2, 4)]),
        ShapeError,
        ["concat: got", "(2, 3)", "(2, 4)"],
        lambda: torch.cat([ones(2, 3), ones(2, 4)], 1),
    ),
    "cat of nothing": (
        lambda: torch.cat([]),
        ShapeError,
        ["cat: got an empty list; expected a list of at least one tensor", "Try cat([a, b])"],
        lambda: torch.cat([ones(1), ones(1)]),
    ),
    "cat of one": (lambda: torch.cat(ones(2)), ShapeError, ["cat: got one tensor"], lambda: torch.cat([ones(2)])),
    "stack": (
        lambda: torch.stack([ones(2), ones(3)]),
        ShapeError,
        ["stack: got shapes (2,) and (3,)", "Try torch.cat"],
        lambda: torch.cat([ones(2), ones(3)]),
    ),
    "split": (
        lambda: ones(5).split([2, 2]),
        ShapeError,
        ["split: got sizes [2, 2] (together 4)", "expected them to add up to 5"],
        lambda: ones(5).split([2, 3]),
    ),
    "split in nothing": (
        lambda: ones(5).split(0),
        ValueRangeError,
        ["got pieces of size 0", "Try 5"],
        lambda: ones(5).split(5),
    ),
    "chunk": (lambda: ones(5).chunk(0), ValueRangeError, ["got 0 chunks", "Try 2"], lambda: ones(5).chunk(2)),
    "meshgrid": (
        lambda: torch.meshgrid(ones(2, 2), ones(2)),
        ShapeError,
        ["meshgrid: got a tensor of shape (2, 2)", "Try .reshape(-1)"],
        lambda: torch.meshgrid(ones(2, 2).reshape(-1), ones(2)),
    ),
    # ---- axes
    "sum over an axis": (
        lambda: ones(2, 3).sum(2),
        ValueRangeError,
        ["dim=2", "2 axes", "expected -2 to 1", "Try dim=1"],
        lambda: ones(2, 3).sum(1),
    ),
    "softmax over an axis": (
        lambda: torch.softmax(ones(2), 1),
        ValueRangeError,
        ["dim=1", "Try dim=0"],
        lambda: torch.softmax(ones(2), 0),
    ),
    "argmax over an axis": (lambda: ones(2).argmax(-2), ValueRangeError, ["dim=-2"], lambda: ones(2).argmax(0)),
    "max of nothing": (
        lambda: zeros(0).max(),
        ShapeError,
        ["got an empty tensor of shape", "expected at least one number", "numel()"],
        lambda: zeros(0).numel() == 0,
    ),
    "topk": (
        lambda: ones(3).topk(5),
        ValueRangeError,
        ["topk: got k=5; expected at most 3", "Try k=3"],
        lambda: ones(3).topk(3),
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_answered_in_three_beats_with_a_fix_that_works(name, answered):
    answered(*MISTAKES[name])
