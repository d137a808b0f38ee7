"""The formats under attack: what reads each, sound files to begin with, and damage that gets past the first checks.

Random damage to a file with checksums tests the checksums; so most damage here is done inside, and lengths, CRCs and
SHA-256s are put right again.
"""

import codecs
import gzip
import io
import lzma
import math
import random
import struct
import tempfile
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from damage import LIES, damaged, hurt_table, hurt_text

from glassnet import nn, serialization
from glassnet.core.tensor import wrap
from glassnet.data import table
from glassnet.errors import DataError, FileError, GlassnetError
from glassnet.files import idx, opcodes, png, safetensors, strict_json, torch_pt
from glassnet.files.archive import Archive
from glassnet.files.bounded import opened
from glassnet.train.checkpoint import read_checkpoint, write_checkpoint
from glassnet.train.model_file import load_model, save_model

GOLDEN = Path(__file__).parent / "golden"

Seeds = list[bytes]
Deep = Callable[[bytes, random.Random], bytes]


# JSON

WORDS_OF_JSON = ["epoch", "loss", "name", "\\ud800", "\\u0000", "__proto__", "\\", "a" * 300]


def seeds_json() -> Seeds:
    value = {"epoch": 3, "loss": [0.5, 1e-3, -2], "name": 'a "b"\n\u00e9', "on": True, "none": None, "deep": [[[{}]]]}
    return [strict_json.dumps(value).encode(), strict_json.dumps(value, indent=None).encode()]


def retold(data: bytes, rng: random.Random) -> bytes:
    return hurt_text(data.decode(), rng, WORDS_OF_JSON).encode()


# Tensors and what is made of them


def seeds_safetensors() -> Seeds:
    tensors = {"w": np.ones((3, 4), np.float32), "b": np.zeros(3), "on": np.array([True, False]), "n": np.array(3)}
    plain, sealed = safetensors.save(None, tensors), safetensors.save(None, tensors, {"a": "b"}, checksum=True)
    return [plain, sealed, (GOLDEN / "package.safetensors").read_bytes()]


WORDS_OF_HEADERS = ["F32", "BF16", "BOOL", "I64", "F8", "dtype", "shape", "data_offsets", "__metadata__", "w", "sha256"]


def reheaded(data: bytes, rng: random.Random) -> bytes:
    """Damage to the header under a length that fits, and sometimes data of another length."""
    size = int.from_bytes(data[:8], "little")
    header = hurt_text(data[8 : 8 + size].decode(), rng, WORDS_OF_HEADERS).encode()
    numbers = data[8 + size :]
    if rng.random() < 0.1:
        numbers = damaged(numbers, rng)
    return len(header).to_bytes(8, "little") + header + numbers


def seeds_checkpoint() -> Seeds:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    state = {"model": model.state_dict(), "losses": [0.5] * 70, "betas": (0.9, 0.99), 3: {"n": 2**80, "x": math.nan}}
    return [written(write_checkpoint, state | {"rate": np.float32(0.1), "empty": np.zeros((0, 3), bool)})]


def seeds_weights() -> Seeds:
    state = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).state_dict()
    values = {"epoch": 3, "weights": [wrap(np.ones(3)), np.zeros(2)], "names": ("a", None), "best": math.inf}
    return [written(lambda path, what: serialization.save(what, path), what) for what in (state, values)]


def seeds_model() -> Seeds:
    layers = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.ReLU(), nn.Dropout(0.2), nn.Linear(2, 4))
    return [written(lambda path, what: save_model(path, what, {"classes": ["a", "b"]}), layers)]


def written(write: Callable, what: object) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed"
        write(path, what)
        return path.read_bytes()


KINDS = ["dict", "ordered", "list", "tuple", "array", "tensor", "scalar", "floats", "ints", "float", "int"]
WORDS = [*KINDS, "Linear", "BatchNorm1d", "Flatten", "format", "layers", "os.system", "__class__", "__metadata__"]
_whole = lru_cache(safetensors.load)


def resealed(data: bytes, rng: random.Random) -> bytes:
    """Damage to a text of the metadata or to a tensor's type, shape or name, under a checksum that is right again."""
    tensors, texts = map(dict, _whole(data))
    if rng.random() < 0.7 and texts:
        key = rng.choice(list(texts))
        texts[key] = hurt_text(texts[key], rng, WORDS)
    elif tensors:
        name = rng.choice(list(tensors))
        array = tensors.pop(name)
        kind = rng.choice(["u1", "u4", "i8", "f2", "f4", "f8", "b1"])
        changed = rng.choice([array.astype(kind), array.reshape(-1), array[None], array.reshape(-1)[:0]])
        tensors[rng.choice([name, name, name, "x", name + "~2"])] = changed
    try:
        return safetensors.save(None, tensors, texts, checksum=True)
    except GlassnetError:  # damage that nobody could write
        return data[:-1]


def from_stream(data: bytes | Path) -> object:
    return serialization.load(io.BytesIO(data) if isinstance(data, bytes) else data)


# Arrays as MNIST ships them


def seeds_idx() -> Seeds:
    arrays = [
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        np.arange(5, dtype=np.float64),
        np.zeros((0, 3), np.int16),
    ]
    return [idx.write_idx(None, array) for array in arrays]


def resized(data: bytes, rng: random.Random) -> bytes:
    """Another type, another number of dimensions, or another size, in front of the same numbers."""
    changed = bytearray(data)
    way = rng.randrange(4)
    if way == 0:
        changed[2] = rng.choice([8, 9, 0xB, 0xC, 0xD, 0xE])
    elif way == 1:
        changed[3] = rng.choice([0, 1, 2, 3, 4, 32, 33, 255])
    else:
        at = 4 + 4 * rng.randrange(data[3])
        size = int.from_bytes(data[at : at + 4], "big")
        size = rng.choice(LIES) if way == 2 else size + rng.choice([-1, 1, 256])
        changed[at : at + 4] = (size % (1 << 32)).to_bytes(4, "big")
    return bytes(changed)


def seeds_packed() -> Seeds:
    return [pack(data) for data in seeds_idx() for pack in (gzip.compress, lzma.compress)]


@lru_cache
def _unpacked(data: bytes) -> bytes:
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else lzma.decompress(data)


def repacked(data: bytes, rng: random.Random) -> bytes:
    """Damage inside the packing instead of on it."""
    inner = rng.choice([damaged, resized])(_unpacked(data), rng)
    if rng.random() < 0.1:
        return lzma.compress(inner, preset=0)
    packer = zlib.compressobj(1, wbits=31)
    return packer.compress(inner) + packer.flush()


# Pictures


def chunk(kind: bytes, contents: bytes) -> bytes:
    return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", zlib.crc32(kind + contents))


def picture(width: int, height: int, depth: int, colour: int, interlace: int, rows: bytes, *more: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">2I5B", width, height, depth, colour, 0, 0, interlace))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def seeds_png() -> Seeds:
    grey = png.write_png(None, np.arange(20, dtype=np.uint8).reshape(4, 5))
    colour = png.write_png(None, np.arange(60, dtype=np.uint8).reshape(4, 5, 3))
    filtered = picture(3, 5, 8, 0, 0, b"".join(bytes([kind, 1, 2, 3]) for kind in range(5)))
    palette = picture(8, 2, 1, 3, 0, b"\0\xa5\0\x5a", chunk(b"PLTE", bytes(range(6))), chunk(b"tRNS", b"\x09"))
    # 8 × 8 in seven passes: rows of 1, 1, 2, 2, 4, 4, 8 pixels
    passes = [(1, 1), (1, 1), (1, 2), (2, 2), (2, 4), (4, 4), (4, 8)]
    interlaced = picture(8, 8, 16, 0, 1, b"".join((b"\4" + bytes(2 * w)) * h for h, w in passes), chunk(b"tRNS", b"ab"))
    return [grey, colour, filtered, palette, interlaced]


@lru_cache
def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def rechecked(data: bytes, rng: random.Random) -> bytes:
    """Damage inside a chunk, inside the packed pixels, or to the order, with every CRC and checksum put right again."""
    chunks = list(_chunks(data))
    at = rng.randrange(len(chunks))
    kind, contents = chunks[at]
    if contents and rng.random() < 0.9:
        deep = kind == b"IDAT" and rng.random() < 0.8
        chunks[at] = kind, zlib.compress(damaged(zlib.decompress(contents), rng), 1) if deep else damaged(contents, rng)
    else:
        chunks.insert(rng.randrange(len(chunks)), rng.choice([chunks.pop(at), (kind, contents), (b"PLTE", b"abc")]))
    return data[:8] + b"".join(chunk(*one) for one in chunks)


# Zip archives, and PyTorch's files, which are such


def seeds_pt() -> Seeds:
    return [(GOLDEN / name).read_bytes() for name in ("network.pt", "checkpoint.pt", "whole_module.pt")]


@lru_cache
def _members(data: bytes) -> dict[str, bytes]:
    with opened(data) as source:
        archive = Archive(source)
        return {name: archive.read(name).tobytes() for name in archive.names}


def rezipped(data: bytes, rng: random.Random) -> bytes:
    """Damage inside one member, most often the notation, in a zip that is sound."""
    members = dict(_members(data))
    names = list(members)
    target = rng.choice([name for name in names if name.endswith("data.pkl")] * 8 + names)
    deep = rewritten if target.endswith("data.pkl") else damaged
    members[target] = rng.choice([deep, damaged])(members[target], rng)
    return zip_of(members, deflate=rng.random() < 0.2)[0]


def relisted(data: bytes, rng: random.Random) -> bytes:
    """A lie in a field of one of the zip's records, sometimes told alike in two of them."""
    changed, records = zip_of(_members(data), deflate=rng.random() < 0.3)
    changed = bytearray(changed)
    at, size = rng.choice(records)
    field, width = rng.randrange(4, size, 2), rng.choice([2, 4])
    value = rng.choice([*LIES, *range(10), int.from_bytes(changed[at + field : at + field + width], "little") + 1])
    changed[at + field : at + field + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
    return bytes(changed)


def zip_of(members: dict[str, bytes], deflate: bool) -> tuple[bytes, list[tuple[int, int]]]:
    """A plain zip, and where its records lie and how long each is."""
    parts, directory, records, at = [], [], [], 0
    for text, contents in members.items():
        name = text.encode()
        packer = zlib.compressobj(1, wbits=-15)
        packed = packer.compress(contents) + packer.flush() if deflate else contents
        sizes = (zlib.crc32(contents), len(packed), len(contents), len(name), 0)
        about = struct.pack("<5H3I2H", 20, 0, 8 * deflate, 0, 33, *sizes)
        directory.append(b"PK\1\2\x14\0" + about + struct.pack("<3H2I", 0, 0, 0, 0, at) + name)
        parts.append(b"PK\3\4" + about + name + packed)
        records.append((at, 30))
        at += len(parts[-1])
    listed = b"".join(directory)
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, len(members), len(members), len(listed), at, 0)
    places = np.cumsum([at, *map(len, directory)]).tolist()
    records += [(place, 46) for place in places[:-1]] + [(places[-1], 22)]
    return b"".join(parts) + listed + end, records


def read_archive(data: bytes | Path) -> None:
    with opened(data) as source:
        archive = Archive(source)
        for name in archive.names:
            archive.read(name)


OPCODES = b"\x80\x95(0N\x88\x89JKM\x8aGX\x8c\x8dBC]ae)t\x85\x86\x87}suqr\x94hjc\x93RbQ."
SNIPPETS = [bytes([code]) for code in OPCODES] + [b"ctorch._utils\n_rebuild_tensor_v2\n", b"cos\nsystem\n"]
SNIPPETS += [b"ccollections\nOrderedDict\n", b"X\1\0\0\0w", b"K\3", b"\x8a\x08" + b"\xff" * 7 + b"\x7f", b"(t", b"2"]


def seeds_opcodes() -> Seeds:
    return [data for pt in seeds_pt() for name, data in _members(pt).items() if name.endswith("data.pkl")]


def rewritten(data: bytes, rng: random.Random) -> bytes:
    """Opcodes put in, taken out or exchanged."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(len(changed))
        changed[at : at + rng.choice([0, 0, 1, 2])] = rng.choice(SNIPPETS)
    return bytes(changed)


def read_notation(data: bytes | Path) -> object:
    data = data if isinstance(data, bytes) else data.read_bytes()
    return opcodes.read_opcodes(data, torch_pt._CLOSED_TABLE, "notation")


# Tables


def seeds_csv() -> Seeds:
    plain = b"city,area,rate,day,open\n" + b"".join(
        b"c%d,%d.5,%d,2024-02-%02d,yes\n" % (n, n, -n, n + 1) for n in range(28)
    )
    quoted = b'"a","b, c",d\n' + b'"x ""y""","1\n2",3\n"","",\n' * 4
    wrong = plain.replace(b"c7,7.5", b"c7,seven")
    decimal = b"price;name\n1,5;Ulm\n2,25;Rom\n;\n"
    latin = "name,size\nKöln,1\nZürich,2\n".encode("latin-1")
    wide = [("name,size\nUlm,1\n").encode(code) for code in ("utf-16", "utf-32", "utf-8-sig")]
    wide += [codecs.BOM_UTF16_BE + "a\n1\n".encode("utf-16-be"), codecs.BOM_UTF32_BE + "a\n1\n".encode("utf-32-be")]
    return [*[plain, quoted, wrong, decimal] * 4, latin, plain.replace(b"\n", b"\r"), *wide]


_opened = table.opened


def read_csv(data: bytes | Path, name: str = "memory.csv") -> None:
    """A table on disk, or in memory: what the reader of tables opens is exchanged."""
    if isinstance(data, Path):
        table.TableFile(data).read()
        return
    table.opened = lambda _path, limit: _opened(data, limit)
    try:
        table.TableFile(name).read()
    finally:
        table.opened = _opened


def hurt_plain_table(data: bytes, rng: random.Random) -> bytes:
    return hurt_table(data, rng) if b"\0" not in data else damaged(data, rng)


# All of them


class Format(NamedTuple):
    """What reads it, sound files, ways to damage them, and the errors that are an answer."""

    read: Callable
    seeds: Callable[[], Seeds]
    deep: tuple[Deep, ...]
    refusals: tuple[type[Exception], ...] = (FileError,)


FORMATS = {
    "json": Format(strict_json.loads, seeds_json, (retold,)),
    "safetensors": Format(safetensors.load, seeds_safetensors, (reheaded,)),
    "checkpoint": Format(read_checkpoint, seeds_checkpoint, (resealed,)),
    "weights": Format(from_stream, seeds_weights, (resealed,)),
    "model": Format(load_model, seeds_model, (resealed,)),
    "idx": Format(idx.read_idx, seeds_idx, (resized,)),
    "packed": Format(idx.read_idx, seeds_packed, (repacked,)),
    "png": Format(png.read_png, seeds_png, (rechecked,)),
    "zip": Format(read_archive, seeds_pt, (relisted,)),
    "opcodes": Format(read_notation, seeds_opcodes, (rewritten,)),
    "pt": Format(lambda data: torch_pt.load_state_dict_pt(data, key=None), seeds_pt, (rezipped, relisted)),
    "pt_key": Format(lambda data: torch_pt.load_state_dict_pt(data, key="model"), seeds_pt, (rezipped,)),
    "csv": Format(read_csv, seeds_csv, (hurt_plain_table,), (FileError, DataError)),
}

if __name__ == "__main__":
    print("\n".join(FORMATS))
