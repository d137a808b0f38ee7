"""The notation of PyTorch's files: plain values come out, and nothing in it is ever run."""

import struct
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import FormatError
from glassnet.files import opcodes
from glassnet.files.opcodes import Call, Named, Reference, read_opcodes

ALLOWED = {"torch.FloatStorage", "torch._utils._rebuild_tensor_v2", "collections.OrderedDict"}


def read(data):
    return read_opcodes(data, ALLOWED, "a.pt")


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def notation(value):
    """A writer of the plain part of the notation."""
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        return b"\x8a" + bytes([9]) + value.to_bytes(9, "little", signed=True)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bytes):
        return b"B" + struct.pack("<I", len(value)) + value
    if isinstance(value, tuple):
        return b"(" + b"".join(map(notation, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(notation, value)) + b"e"
    return b"}(" + b"".join(notation(part) for pair in value.items() for part in pair) + b"u"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | TEXT
    | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXT | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(PLAIN, st.sampled_from([b"", b"\x80\x02", b"\x80\x05\x95" + bytes(8)]))
def test_plain_values_come_out(value, start):
    assert read(start + notation(value) + b".") == value


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"K\xff.", 255),
        (b"M\xff\xff.", 65535),
        (b"J\xff\xff\xff\xff.", -1),
        (b"\x8a\x00.", 0),
        (b"\x8c\x01a.", "a"),
        (b"\x8d" + struct.pack("<Q", 1) + b"a.", "a"),
        (b"C\x01a.", b"a"),
        (b"(K\x01\x85K\x01K\x02\x86K\x01K\x02K\x03\x87(tt.", ((1,), (1, 2), (1, 2, 3), ())),
        (b"]K\x01a.", [1]),
        (b"}K\x01K\x02s.", {1: 2}),
        (b"K\x01q\x07K\x020h\x07\x86.", (1, 1)),
        (b"K\x01r\x07\0\0\0j\x07\0\0\0\x86.", (1, 1)),
        (b"K\x05\x94h\x00\x86.", (5, 5)),
    ],
)
def test_each_opcode(data, value):
    assert read(data) == value


def test_names_of_the_table_become_inert_records():
    assert read(b"ctorch\nFloatStorage\n.") == Named("torch.FloatStorage")
    assert read(b"\x8c\x05torch\x8c\x0cFloatStorage\x93.") == Named("torch.FloatStorage")
    assert read(b"ctorch._utils\n_rebuild_tensor_v2\nK\x01\x85R.") == Call("torch._utils._rebuild_tensor_v2", (1,))
    assert read(b"ccollections\nOrderedDict\n)R}" + text("_metadata") + b"K\x01sb.") == {}
    assert read(b"(" + text("storage") + b"K\x01tQ.") == Reference(("storage", 1))


@pytest.mark.parametrize(
    "name",
    [
        "os\nsystem",
        "posix\nsystem",
        "builtins\neval",
        "builtins\ngetattr",
        "__builtin__\nexec",
        "subprocess\nPopen",
        "torch\nload",
        "torch.serialization\nload",
        "torch.FloatStorage\n__reduce__",
        "torch\nFloatStorage.__class__",
        "torch._utils\n_rebuild_tensor_v2.__globals__",
        "numpy._core.multiarray\n_reconstruct",
        "collections\nOrderedDict\0",
        "\n",
    ],
    ids=ascii,
)
def test_any_other_name_is_refused(name):
    """Among them what got round weights_only=True: CVE-2025-32434 and CVE-2026-24747."""
    with pytest.raises(FormatError, match=r"got the name .*expected tensors in plain dicts\. Try "):
        read(b"c" + name.encode() + b"\n)R.")
    module, attribute = name.split("\n")
    with pytest.raises(FormatError, match="got the name "):
        read(text(module) + text(attribute) + b"\x93)R.")


@pytest.mark.parametrize("opcode", sorted(set(range(256)) - {code[0] for code in opcodes._STEPS} - {ord(".")}))
def test_any_other_opcode_is_refused(opcode):
    """INST, OBJ, NEWOBJ, EXT, PERSID, LONG, STRING, … : 216 of 256 bytes mean nothing here."""
    with pytest.raises(FormatError, match=f"got the opcode 0x{opcode:02x}, which may make objects"):
        read(b"K\x01K\x01" + bytes([opcode]) + b"cos\nsystem\n.")


def test_every_opcode_on_an_empty_stack_and_at_the_end():
    for opcode in range(256):
        for rest in (b"", b".", b"\xff" * 9 + b".", b"\0" * 9 + b"."):
            try:
                read(bytes([opcode]) + rest)
            except FormatError:
                continue


BROKEN = {
    "empty": (b"", "the end inside the notation"),
    "no stop": (b"K\x01", "the end inside the notation"),
    "after the stop": (b"K\x01.K", "an end before the end"),
    "two values": (b"K\x01K\x01.", "an end before the end"),
    "nothing": (b".", "a step without what it works on"),
    "only a mark": (b"(.", "a step without what it works on"),
    "text too long": (b"X\xff\xff\xff\xffa.", "the end inside the notation"),
    "text of 16 EiB": (b"\x8d" + b"\xff" * 8 + b"a.", "the end inside the notation"),
    "not UTF-8": (b"\x8c\x01\xff.", "text that is not UTF-8"),
    "version 9": (b"\x80\x09.", "notation of version 9"),
    "never seen": (b"h\x00.", "a memory of what was never seen"),
    "remember nothing": (b"q\x00.", "a step without what it works on"),
    "remember a mark": (b"(q\x00.", "a step without what it works on"),
    "group without start": (b"K\x01t.", "a group without a start"),
    "append to a tuple": (b")K\x01a.", "a step without what it works on"),
    "items of a list": (b"]K\x01K\x01s.", "a step without what it works on"),
    "key without value": (b"}(K\x01u.", "a key without a value"),
    "a tuple as key": (b"})K\x01s.", "a key of the type tuple"),
    "calling a dict": (b"})R.", "a step without what it works on"),
    "calling with a list": (b"ccollections\nOrderedDict\n]R.", "a step without what it works on"),
    "state of a number": (b"K\x01}b.", "a step without what it works on"),
    "endless name": (b"c" + b"a" * 500, "a name without an end"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_notation_is_named(name):
    data, complaint = BROKEN[name]
    with pytest.raises(FormatError) as caught:
        read(data)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"(" * 400_000 + b"t" * 400_000 + b".",  # tuples 400,000 deep
        b"]" * 400_000 + b"a" * 399_999 + b".",
        b"}q\0" + b"h\0" * 200_000,
        b"]q\0" + b"h\0a" * 100_000 + b".",  # a list that holds itself
        b")q\0" + b"".join(b"h%ch%c\x86q%c" % (n, n, n + 1) for n in range(200)) + b"h\xc8.",  # 2^200 leaves by sharing
        b")q\0" + b"".join(b"h%ch%c\x86q%c" % (n, n, n + 1) for n in range(200)) + b"}h\xc8K\x01s.",  # as a key
        b"N0" * 300_000 + b"N.",
    ],
    ids=["deep tuples", "deep lists", "unfinished", "self", "sharing", "key", "steps"],
)
def test_hostile_notation_takes_no_time(data):
    start = time.process_time()
    with suppress(FormatError):
        read(data)
    assert time.process_time() - start < 5


def test_notation_beyond_the_caps():
    with pytest.raises(FormatError, match="more than 500,000 steps"):
        read(b"N0" * 300_000 + b"N.")
    with pytest.raises(FormatError, match="got 8,388,609 bytes of notation"):
        read(bytes((8 << 20) + 1))
