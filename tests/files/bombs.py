"""Small files that ask for much: each is refused, or read within twice its size and 64 MiB."""

import gzip
import io
import lzma
import struct
import zipfile
from collections.abc import Callable

import numpy as np
from hostile import chunk, picture, read_csv

from glassnet.files import idx, png, safetensors, strict_json, torch_pt
from glassnet.train.checkpoint import read_checkpoint

Bomb = tuple[str, Callable, bytes]


def make_bombs() -> list[Bomb]:
    return [*_of_tensors(), *_of_checkpoints(), *_of_json(), *_of_idx(), *_of_png(), *_of_pt(), *_of_tables()]


def _tensors(header: str, data: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header.encode() + data


def _of_tensors() -> list[Bomb]:
    load, tensors = safetensors.load, _tensors
    wide = "[" + "1," * 40 + "1]"
    entry = '"dtype":"F32","data_offsets":[0,%d],"shape":%s'
    return [
        ("safetensors header of 2^63", load, b"\xff" * 7 + b"\x7f{}"),
        ("safetensors of 8 PiB", load, tensors('{"w":{' + entry % (1 << 53, "[2251799813685248]") + "}}")),
        ("safetensors shape product", load, tensors('{"w":{' + entry % (0, "[4294967296,4294967296,0]") + "}}")),
        ("safetensors dimensions", load, tensors('{"w":{' + entry % (4, wide) + "}}", bytes(4))),
        ("safetensors brackets", load, tensors("{" + '"a":{' * 500_000 + "}" * 500_001)),
        ("safetensors values", load, tensors('{"a":[' + "0," * 1_000_000 + "0]}")),
        ("safetensors entries", load, tensors("{" + ",".join(f'"{n}":{{}}' for n in range(300_000)) + "}")),
    ]


def _checkpoint(structure: str, **arrays: np.ndarray) -> bytes:
    texts = {"checkpoint": '{"format": 1, "score": null}', "structure": structure}
    return safetensors.save(None, arrays, texts, checksum=True)


def _of_checkpoints() -> list[Bomb]:
    checkpoint, million = _checkpoint, np.arange(1_000_000)
    return [
        ("checkpoint lists", read_checkpoint, checkpoint('["list",' + "[]," * 190_000 + "[]]")),
        ("checkpoint dicts", read_checkpoint, checkpoint('["list",' + '["dict"],' * 66_000 + '["dict"]]')),
        ("checkpoint levels", read_checkpoint, checkpoint('["list",' * 70 + "1" + "]" * 70)),
        ("checkpoint digits", read_checkpoint, checkpoint('["dict",["a",["int","' + "9" * 1_000_000 + '"]]]')),
        (
            "checkpoint list many times",
            read_checkpoint,
            checkpoint('["list"' + ',["ints","a"]' * 9000 + "]", a=million),
        ),
        ("checkpoint long list", read_checkpoint, checkpoint('["dict",["a",["ints","a"]]]', a=np.arange(3_000_000))),
        ("checkpoint longest list", read_checkpoint, checkpoint('["dict",["a",["ints","a"]]]', a=million)),
    ]


def _of_json() -> list[Bomb]:
    return [
        ("json objects", strict_json.loads, b"[" + b"{}," * 1_000_000 + b"0]"),
        ("json digits", strict_json.loads, b"9" * 2_000_000),
        ("json float", strict_json.loads, b"0." + b"9" * 2_000_000),
        ("json quotes", strict_json.loads, b'"' + b'\\"' * 1_000_000),
    ]


def _array(*sizes: int, code: int = 8) -> bytes:
    return bytes([0, 0, code, len(sizes)]) + b"".join(struct.pack(">I", size) for size in sizes)


def _of_idx() -> list[Bomb]:
    read_idx, array = idx.read_idx, _array
    return [
        ("idx of 2^64 numbers", read_idx, array(0xFFFFFFFF, 0xFFFFFFFF)),
        ("idx of 32 GB", read_idx, array(0xFFFFFFFF, code=0x0E)),
        ("idx with 255 sizes", read_idx, array(*[1] * 255) + b"x"),
        ("idx.gz of 100 MB", read_idx, gzip.compress(array(100_000_000) + bytes(100_000_000), 1)),
        ("idx.gz of 60 MB", read_idx, gzip.compress(array(60_000_000) + bytes(60_000_000), 1)),
        ("idx.xz of 100 MB", read_idx, lzma.compress(array(100_000_000) + bytes(100_000_000), preset=0)),
        ("idx.gz that lies", read_idx, gzip.compress(array(0xFFFFFFFF) + bytes(9))),
        ("idx.gz of many streams", read_idx, gzip.compress(b"") * 200_000),
    ]


def _of_png() -> list[Bomb]:
    read_png = png.read_png
    return [
        ("png of 2^62 pixels", read_png, picture(0x7FFFFFFF, 0x7FFFFFFF, 8, 0, 0, b"")),
        ("png of 30,000 × 30,000", read_png, picture(30_000, 30_000, 8, 6, 0, bytes(1000))),
        ("png as large as allowed", read_png, picture(5000, 6000, 8, 0, 0, bytes(6000 * 5001))),
        ("png with a palette", read_png, picture(4000, 3500, 8, 3, 0, bytes(3500 * 4001), chunk(b"PLTE", bytes(3)))),
        ("png of 16 bits", read_png, picture(3000, 3000, 16, 0, 0, (b"\4" + bytes(6000)) * 3000)),
        ("png of 1 bit", read_png, picture(5000, 5000, 1, 0, 0, bytes(626 * 5000))),
        ("png that ends early", read_png, picture(5000, 5000, 8, 0, 0, bytes(10))),
        ("png with more pixels", read_png, picture(1, 1, 8, 0, 0, bytes(100_000_000))),
        ("png with tiny chunks", read_png, picture(1, 1, 8, 0, 0, bytes(2), chunk(b"tEXt", b"") * 200_000)),
    ]


def _zipped(notation: bytes, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in {"data.pkl": notation, **members}.items():
            file.writestr(f"a/{name}", data)
    return stream.getvalue()


def _of_pt() -> list[Bomb]:
    read_pt, zipped = torch_pt.load_state_dict_pt, _zipped
    return [
        ("pt deflated", read_pt, zipped(b"}.", **{"data/0": bytes(100_000_000)})),
        ("pt notation deflated", read_pt, zipped(b"N" * 60_000_000)),
        ("pt lists", read_pt, zipped(b"]" * 8_000_000)),
        ("pt dicts", read_pt, zipped(b"}" * 8_000_000)),
        ("pt tuples in tuples", read_pt, zipped(b"(" * 4_000_000 + b"t" * 4_000_000 + b".")),
        ("pt memory", read_pt, zipped(b"N" + b"".join(b"r" + struct.pack("<I", n) for n in range(1_000_000)))),
        ("pt text", read_pt, zipped(b"X" + struct.pack("<I", 8_000_000) + "\U0001f600".encode() * 2_000_000 + b".")),
        ("pt wide view", read_pt, zipped(_wide_view(1 << 45), **{"data/0": bytes(4)})),
        ("pt wide view as large as allowed", read_pt, zipped(_wide_view(15_000_000), **{"data/0": bytes(4)})),
    ]


def _wide_view(size: int) -> bytes:
    """A tensor of `size` numbers with a stride of 0 over one stored number."""

    def number(value: int) -> bytes:
        return b"\x8a\x08" + value.to_bytes(8, "little")

    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000NK\x01tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + number(size) + b"\x85K\0\x85\x89NtR"
    return b"}X\x01\0\0\0w" + tensor + b"s."


def _of_tables() -> list[Bomb]:
    """Tables of nothing but quotes, delimiters or line ends, rows and cells without end, and names without number."""
    mb = 1_000_000
    names = b",".join(b"%d" % n for n in range(60_000))
    return [
        ("csv of quotes", read_csv, b'"' * 8 * mb),
        ("csv with a quote that stays open", read_csv, b'a,b\n"' + b"x" * 8 * mb),
        ("csv of quotes that stay open", read_csv, b'a\n"' + b'"' * 8 * mb),
        ("csv of delimiters", read_csv, b"," * 3 * mb),
        ("csv of delimiters in rows", read_csv, (b"," * 1000 + b"\n") * 3000),
        ("csv of 60,000 columns", read_csv, names + b"\n" + b",".join([b"1"] * 60_000) + b"\n"),
        ("csv of line ends", read_csv, b"\n" * 8 * mb),
        ("csv of line ends in quotes", read_csv, b'a\n"' + b"\n" * 8 * mb + b'"\n'),
        ("csv of one digit a row", read_csv, b"a\n" + b"1\n" * mb),
        ("csv of a cell of 7 MB", read_csv, b"a\n" + b"x" * 7 * mb + b"\n"),
        ("csv of a row of 20 MB", read_csv, b"a\n" + b"x" * 20 * mb + b"\n"),
        ("csv of a number of 7 MB", read_csv, b"a\n" + b"9" * 7 * mb + b"\n1\n"),
        ("csv of one wide cell among narrow ones", read_csv, b"a\n" + b"x" * 100_000 + b"\n" + b"y\n" * (mb // 2)),
        ("csv of spaces", read_csv, b"a\n" + b" " * 8 * mb + b"\n"),
        ("csv of doubled quotes", read_csv, b"a\n" + b'""""\n' * (mb // 2)),
        ("csv of quotes inside words", read_csv, b'a\n1x"y\n' + b'"2"\n' * 2 * mb),
        ("csv of different words", read_csv, b"a\n" + b"".join(b"%d w\n" % n for n in range(200_000))),
        ("csv in UTF-16", read_csv, ("a\n" + "1\n" * mb).encode("utf-16")),
        ("csv.gz of 100 MB", lambda data: read_csv(data, "memory.csv.gz"), gzip.compress(b"1" * 100 * mb, 1)),
    ]
