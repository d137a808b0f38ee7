"""PyTorch's state dicts: files that PyTorch wrote, and files that lie."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from glassnet.errors import FileError, FormatError
from glassnet.files.torch_pt import load_state_dict_pt

GOLDEN = Path(__file__).parent / "golden"


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value):
    return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def sizes(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(
    key="0",
    kind="torch\nFloatStorage",
    count=6,
    offset=0,
    size=(2, 3),
    stride=(3, 1),
    *,
    version="2",
    more=b"",
    mark="storage",
):
    """The notation of one tensor, as torch.save writes it."""
    storage = b"(" + text(mark) + b"c" + kind.encode() + b"\n" + text(key) + text("cpu") + number(count) + b"tQ"
    flags = b"\x89ccollections\nOrderedDict\n)R"
    name = f"ctorch._utils\n_rebuild_tensor_v{version}\n".encode()
    return name + b"(" + storage + number(offset) + sizes(size) + sizes(stride) + flags + more + b"tR"


def parameter(inner):
    return b"ctorch._utils\n_rebuild_parameter\n(" + inner + b"\x88ccollections\nOrderedDict\n)RtR"


def pack(notation, *, storages=None, order=b"little", folder="archive", more=None, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    members = {"data.pkl": notation} | ({} if order is None else {"byteorder": order}) | {"version": b"3\n"}
    members |= {f"data/{key}": data for key, data in ({"0": SIX} if storages is None else storages).items()}
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, data in (members | (more or {})).items():
            file.writestr(f"{folder}/{name}", data)
    return stream.getvalue()


def state_dict(**tensors):
    return b"\x80\x02}(" + b"".join(text(name) + value for name, value in tensors.items()) + b"u."


SIX = np.arange(6, dtype="<f4").tobytes()


# What PyTorch wrote


def test_a_network_of_pytorch():
    state = load_state_dict_pt(GOLDEN / "network.pt")
    assert {name: (array.shape, str(array.dtype)) for name, array in state.items()} == {
        "0.weight": ((2, 3), "float32"),
        "0.bias": ((2,), "float32"),
        "1.weight": ((2,), "float32"),
        "1.bias": ((2,), "float32"),
        "1.running_mean": ((2,), "float32"),
        "1.running_var": ((2,), "float32"),
        "1.num_batches_tracked": ((), "int64"),
    }
    np.testing.assert_allclose(
        state["0.weight"], [[-0.00432253, 0.30971587, -0.47518533], [-0.42489463, -0.22236899, 0.15482074]], atol=1e-7
    )


def test_a_checkpoint_of_pytorch():
    state = load_state_dict_pt(GOLDEN / "checkpoint.pt", key="model")
    grid = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(state["turned"], grid.T)
    np.testing.assert_array_equal(state["half"], grid)
    np.testing.assert_array_equal(state["tied"], grid)
    assert state["half"].dtype == np.float32
    assert state["flag"].dtype == bool
    assert state["turned"].flags.c_contiguous
    with pytest.raises(FormatError, match=r"of model, epoch; .*Try load_state_dict_pt\(..., key='model'\)"):
        load_state_dict_pt(GOLDEN / "checkpoint.pt")
    with pytest.raises(FormatError, match="got no 'net' among model, epoch"):
        load_state_dict_pt(GOLDEN / "checkpoint.pt", key="net")
    with pytest.raises(FormatError, match="got a int; expected a dict of tensors"):
        load_state_dict_pt(GOLDEN / "checkpoint.pt", key="epoch")


def test_other_files_of_pytorch_are_named():
    with pytest.raises(FormatError, match=r"the name torch\.nn\.modules\.container\.Sequential; .*state_dict\(\)"):
        load_state_dict_pt(GOLDEN / "whole_module.pt")
    with pytest.raises(FormatError, match=r"in the form from before PyTorch 1\.6; .*Try torch\.save\(torch\.load\("):
        load_state_dict_pt(GOLDEN / "old_form.pt")
    with pytest.raises(FileError, match="expected a path that exists"):
        load_state_dict_pt(GOLDEN / "missing.pt")


# Files written here


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_tensor_and_a_parameter(method):
    state = load_state_dict_pt(pack(state_dict(w=parameter(tensor())), method=method))
    np.testing.assert_array_equal(state["w"], np.arange(6, dtype=np.float32).reshape(2, 3))
    assert state["w"].flags.writeable


@pytest.mark.parametrize(
    ("size", "stride", "offset", "expected"),
    [
        ((3, 2), (1, 3), 0, [[0, 3], [1, 4], [2, 5]]),
        ((2,), (2,), 1, [1, 3]),
        ((3,), (0,), 4, [4, 4, 4]),
        ((), (), 5, 5),
        ((0, 7), (1, 1), 6, np.zeros((0, 7))),
        ((0,), (2,), 9, []),  # an empty slice may start beyond the storage
        ((1, 2), (1 << 60, 1), 3, [[3, 4]]),
        ((2, 1), (2, 1 << 62), 0, [[0], [2]]),
    ],
)
def test_views(size, stride, offset, expected):
    state = load_state_dict_pt(pack(state_dict(w=tensor(size=size, stride=stride, offset=offset))))
    np.testing.assert_array_equal(state["w"], expected)
    assert state["w"].shape == size


def test_tied_tensors_share_memory():
    state = load_state_dict_pt(pack(state_dict(a=tensor(), b=tensor())))
    state["a"][0, 0] = 9
    assert state["b"][0, 0] == 9


@pytest.mark.parametrize(("order", "kind"), [(b"big", ">i2"), (b"little", "<i2"), (None, "<i2")])
def test_byte_orders(order, kind):
    storages = {"0": np.array([1, -2], kind).tobytes()}
    notation = state_dict(w=tensor("0", "torch\nShortStorage", 2, 0, (2,), (1,)))
    result = load_state_dict_pt(pack(notation, storages=storages, order=order))["w"]
    assert result.tolist() == [1, -2]
    assert result.dtype.isnative


def test_types_that_came_later():
    notation = state_dict(
        w=tensor("0", "torch.storage\nUntypedStorage", 4, 0, (2,), (1,), version="3", more=b"ctorch\nuint16\n")
    )
    result = load_state_dict_pt(pack(notation, storages={"0": np.array([1, 65535], "<u2").tobytes()}))["w"]
    assert result.tolist() == [1, 65535]


def wrong(notation, **options):
    with pytest.raises(FormatError) as caught:
        load_state_dict_pt(pack(notation, **options))
    assert ". Try " in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"count": 7}, "got 24 bytes in 'archive/data/0'; expected 28 for 7 numbers"),
        ({"count": -1}, "without a storage"),
        ({"count": 1 << 60}, "expected 4,611,686,018,427,387,904 for"),
        ({"key": "1"}, "no member 'archive/data/1'"),
        ({"key": "../data.pkl"}, "no member 'archive/data/../data.pkl'"),
        ({"mark": "module"}, "without a storage"),
        ({"kind": "torch\nQInt8Storage"}, "the name torch.QInt8Storage"),
        ({"kind": "torch\nfloat32"}, "without a storage"),
        ({"kind": "torch.storage\nUntypedStorage"}, "without a storage"),
        ({"offset": 1}, "up to number 7; expected at most 6"),
        ({"offset": -1}, "with odd sizes"),
        ({"size": (2, -3)}, "with odd sizes"),
        ({"stride": (3,)}, "with odd sizes"),
        ({"stride": (-3, 1)}, "with odd sizes"),
        ({"size": (7, 1)}, "expected at most 6"),
        ({"size": (1 << 32, 1 << 32), "stride": (0, 0)}, "a product that memory can hold"),
        ({"size": (1,) * 40, "stride": (1,) * 40}, "of 40 dimensions"),
        ({"size": (1 << 40,), "stride": (0,)}, "got tensors of 4,398,046,511,"),
        ({"version": "1"}, "the name torch._utils._rebuild_tensor_v1"),
        ({"version": "3"}, "with a tensor"),
        ({"version": "3", "more": b"K\x01"}, "without a storage"),
        ({"kind": "torch\nBoolStorage", "count": 24}, "got the bool "),
    ],
    ids=range(22),
)
def test_tensors_that_lie(options, complaint):
    assert complaint in wrong(state_dict(w=tensor(**options)))


def test_one_storage_as_two_types():
    other = tensor("0", "torch\nIntStorage")
    assert "as f4 and as i4; expected one type" in wrong(state_dict(a=tensor(), b=other))


def test_many_views_share_one_budget():
    """Each view is small enough; together they are not."""
    views = {f"v{n}": tensor(size=(4_000_000,), stride=(0,)) for n in range(5)}
    assert "got tensors of 80,000," in wrong(state_dict(**views))
    assert load_state_dict_pt(pack(state_dict(**views)), limit=90_000_000)["v4"].shape == (4_000_000,)


def test_bfloat16_counts_as_what_it_becomes():
    """25 MB of it are 50 MB of float32: together more than a file of 25 kB may grow to."""
    notation = state_dict(w=tensor("0", "torch\nBFloat16Storage", 12_500_000, 0, (5,), (1,)))
    options = {"storages": {"0": bytes(25_000_000)}, "method": zipfile.ZIP_DEFLATED}
    assert "got tensors of 75,000,1" in wrong(notation, **options)
    loaded = load_state_dict_pt(pack(notation, **options), limit=76_000_000)
    np.testing.assert_array_equal(loaded["w"], np.zeros(5, np.float32))


@pytest.mark.parametrize(
    ("notation", "complaint"),
    [
        (b"\x80\x02K\x01.", "got a int; expected a dict of tensors"),
        (b"\x80\x02" + tensor() + b".", "got a tensor; expected a dict of tensors"),
        (state_dict(a=tensor(), b=b"K\x01"), "'b' with a int"),
        (b"}K\x01" + tensor() + b"s.", "'1' with a tensor"),
        (state_dict(a=b"ctorch._utils\n_rebuild_parameter\n)R"), "'a' with a tensor; expected a tensor as torch.save"),
        (state_dict(a=b"ctorch\nFloatStorage\n)R"), "'a' with a tensor; expected a tensor as torch.save"),
        (b"cos\nsystem\n(" + text("echo") + b"tR.", "the name os.system"),
    ],
    ids=range(7),
)
def test_other_values_are_named(notation, complaint):
    assert complaint in wrong(notation)


def test_archives_that_are_not_state_dicts():
    empty = state_dict()
    assert "a program from torch.jit.save" in wrong(empty, more={"constants.pkl": b""})
    assert "2 members named data.pkl" in wrong(empty, more={"x/data.pkl": b""})
    assert "1 members named data.pkl" in wrong(empty, folder="a/b")
    assert "the byte order b'middle'" in wrong(state_dict(w=tensor()), order=b"middle")
    assert load_state_dict_pt(pack(empty)) == {}
    for data in (b"", b"PK", b"ustar", b"\x80\x02}."):
        with pytest.raises(FormatError, match=r"expected a zip file from torch\.save"):
            load_state_dict_pt(data)
