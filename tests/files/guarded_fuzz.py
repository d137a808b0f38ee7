"""Readers under hostile files, in a process of its own: memory is limited, and whoever touches the system is recorded.

    python guarded_fuzz.py mutate FORMAT SEED COUNT     thousands of damaged files
    python guarded_fuzz.py bombs [trace]                small files that ask for much

The last line of the output is a JSON object: what was accepted, refused, and what went wrong.
"""

import contextlib
import gzip
import io
import json
import lzma
import math
import random
import re
import struct
import sys
import tempfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from glassnet import nn, serialization
from glassnet.core.tensor import wrap
from glassnet.errors import FileError, GlassnetError
from glassnet.files import idx, png, safetensors, strict_json, torch_pt
from glassnet.train.checkpoint import read_checkpoint, write_checkpoint
from glassnet.train.model_file import load_model, save_model

GOLDEN = Path(__file__).parent / "golden"
SLACK = 24 << 20  # for the interpreter's own arenas and the readers' small change
ALLOWED_GROWTH = 64 << 20

# The guard: no reader may run code, load modules, start processes, reach the network, or write

FORBIDDEN = ("exec", "compile", "import", "os.", "subprocess.", "socket.", "ctypes.", "marshal.", "pickle.", "shutil.")
events: list[str] = []
guarding = False


def watch(event: str, arguments: tuple) -> None:
    if not guarding:
        return
    if event.startswith(FORBIDDEN) or (event == "open" and writes(*arguments)):
        events.append(f"{event} {arguments!r}"[:200])


def writes(_path: object, mode: object, flags: object) -> bool:
    return bool(set(str(mode or "")) & set("wax+")) or bool(isinstance(flags, int) and flags & 0o3)


def limit_memory(growth: int) -> None:
    """On Linux, what this process may still take; elsewhere the limit has no force, and tracemalloc has to do."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + growth,) * 2)


# Damage


def flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def overwrite(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def drop(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randint(1, 9)]


def lie(data: bytearray, rng: random.Random) -> None:
    """A number where a length may stand."""
    value = rng.choice([0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
    width, order = rng.choice([2, 4, 8]), rng.choice(["little", "big"])
    at = rng.randrange(len(data))
    data[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, order)


def splice(data: bytearray, rng: random.Random) -> None:
    start, length, at = rng.randrange(len(data)), rng.randint(1, 40), rng.randrange(len(data))
    data[at : at + rng.choice([0, length])] = data[start : start + length]


def retype(data: bytearray, rng: random.Random) -> None:
    """A digit, bracket or quote of text for another."""
    at = rng.randrange(len(data))
    data[at : at + 1] = rng.choice(
        [b"0", b"9", b"-1", b"1e9", b"[", b"]", b"{", b"}", b'"', b",", b":", b"null", b"\\u"]
    )


DAMAGE = [flip, overwrite, cut, drop, lie, splice, retype]


def damaged(seed: bytes, rng: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        if data:
            rng.choice(DAMAGE)(data, rng)
    return bytes(data)


# Formats: seeds, and how damage gets past the checksums


def seeds_json() -> list[bytes]:
    value = {"epoch": 3, "loss": [0.5, 1e-3, -2], "name": 'a "b"\n\u00e9', "on": True, "none": None, "deep": [[[{}]]]}
    return [strict_json.dumps(value).encode(), strict_json.dumps(value, indent=None).encode()]


def seeds_safetensors() -> list[bytes]:
    tensors = {"w": np.ones((3, 4), np.float32), "b": np.zeros(3), "on": np.array([True, False]), "n": np.array(3)}
    plain, sealed = safetensors.save(None, tensors), safetensors.save(None, tensors, {"a": "b"}, checksum=True)
    return [plain, sealed, (GOLDEN / "package.safetensors").read_bytes()]


def seeds_idx() -> list[bytes]:
    arrays = [
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        np.arange(5, dtype=np.float64),
        np.zeros((0, 3), np.int16),
    ]
    return [idx.write_idx(None, array) for array in arrays]


def seeds_packed() -> list[bytes]:
    return [pack(data) for data in seeds_idx() for pack in (gzip.compress, lzma.compress)]


def repacked(data: bytes, rng: random.Random) -> bytes:
    """Damage inside the packing instead of on it."""
    inner = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else lzma.decompress(data)
    return rng.choice([gzip.compress, lzma.compress])(damaged(inner, rng))


def chunk(kind: bytes, contents: bytes) -> bytes:
    return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", zlib.crc32(kind + contents))


def picture(width: int, height: int, depth: int, colour: int, interlace: int, rows: bytes, *more: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">2I5B", width, height, depth, colour, 0, 0, interlace))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def seeds_png() -> list[bytes]:
    grey = png.write_png(None, np.arange(20, dtype=np.uint8).reshape(4, 5))
    colour = png.write_png(None, np.arange(60, dtype=np.uint8).reshape(4, 5, 3))
    filtered = picture(3, 5, 8, 0, 0, b"".join(bytes([kind, 1, 2, 3]) for kind in range(5)))
    palette = picture(8, 2, 1, 3, 0, b"\0\xa5\0\x5a", chunk(b"PLTE", bytes(range(6))), chunk(b"tRNS", b"\x09"))
    # 8 × 8 in seven passes: rows of 1, 1, 2, 2, 4, 4, 8 pixels
    passes = [(1, 1), (1, 1), (1, 2), (2, 2), (2, 4), (4, 4), (4, 8)]
    interlaced = picture(8, 8, 16, 0, 1, b"".join((b"\4" + bytes(2 * w)) * h for h, w in passes), chunk(b"tRNS", b"ab"))
    return [grey, colour, filtered, palette, interlaced]


def rechecked(data: bytes, rng: random.Random) -> bytes:
    """Damage inside the chunks, or inside the packed pixels, with every CRC and checksum put right again."""
    result, at = bytearray(data[:8]), 8
    target = rng.randrange(4)
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        contents = data[at + 8 : at + 8 + size]
        if contents and rng.randrange(4) == target:
            deep = kind == b"IDAT" and rng.random() < 0.8
            contents = zlib.compress(damaged(zlib.decompress(contents), rng)) if deep else damaged(contents, rng)
        result += chunk(kind, contents)
        at += 12 + size
    return bytes(result)


def seeds_pt() -> list[bytes]:
    return [(GOLDEN / name).read_bytes() for name in ("network.pt", "checkpoint.pt", "whole_module.pt")]


def rezipped(data: bytes, rng: random.Random) -> bytes:
    """Damage inside one member, most often the notation, in a zip that is sound."""
    stream = io.BytesIO()
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", method) as new:
        names = old.namelist()
        target = rng.choice([name for name in names if name.endswith("data.pkl")] * 8 + names)
        for name in names:
            contents = old.read(name)
            new.writestr(name, damaged(contents, rng) if name == target else contents)
    return stream.getvalue()


def seeds_checkpoint() -> list[bytes]:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    state = {"model": model.state_dict(), "losses": [0.5] * 70, "betas": (0.9, 0.99), 3: {"n": 2**80, "x": math.nan}}
    return [written(write_checkpoint, state | {"rate": np.float32(0.1), "empty": np.zeros((0, 3), bool)})]


def seeds_weights() -> list[bytes]:
    state = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).state_dict()
    values = {"epoch": 3, "weights": [wrap(np.ones(3)), np.zeros(2)], "names": ("a", None), "best": math.inf}
    return [written(lambda path, what: serialization.save(what, path), what) for what in (state, values)]


def seeds_model() -> list[bytes]:
    layers = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.ReLU(), nn.Dropout(0.2), nn.Linear(2, 4))
    return [written(lambda path, what: save_model(path, what, {"classes": ["a", "b"]}), layers)]


def written(write: Callable, what: object) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed"
        write(path, what)
        return path.read_bytes()


KINDS = ["dict", "ordered", "list", "tuple", "array", "tensor", "scalar", "floats", "ints", "float", "int"]
WORDS = [*KINDS, "Linear", "BatchNorm1d", "format", "layers", "os.system", "__class__"]


def resealed(data: bytes, rng: random.Random) -> bytes:
    """Damage to a text of the metadata or to a tensor's type, shape or name, under a checksum that is right again."""
    tensors, texts = safetensors.load(data)
    if rng.random() < 0.7 and texts:
        key = rng.choice(list(texts))
        texts[key] = rng.choice([reworded, renumbered, scrambled])(texts[key], rng)
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


def reworded(text: str, rng: random.Random) -> str:
    """One word for another, between quotes."""
    pieces = text.split('"')
    pieces[rng.randrange(len(pieces))] = rng.choice(WORDS)
    return '"'.join(pieces)


def renumbered(text: str, rng: random.Random) -> str:
    """One number for another, such as a size."""
    numbers = list(re.finditer(r"-?\d+", text))
    if not numbers:
        return text
    start, end = rng.choice(numbers).span()
    return text[:start] + rng.choice(["0", "-1", "7", "1e3", "0.5", "999999999", "9" * 18, "null", "[]"]) + text[end:]


def scrambled(text: str, rng: random.Random) -> str:
    return damaged(text.encode(), rng).decode("utf-8", "replace")


def from_stream(data: bytes | Path) -> object:
    return serialization.load(io.BytesIO(data) if isinstance(data, bytes) else data)


FORMATS: dict[str, tuple[Callable, Callable, Callable]] = {
    "json": (strict_json.loads, seeds_json, damaged),
    "safetensors": (safetensors.load, seeds_safetensors, damaged),
    "idx": (idx.read_idx, seeds_idx, damaged),
    "packed": (idx.read_idx, seeds_packed, repacked),
    "png": (png.read_png, seeds_png, rechecked),
    "pt": (lambda data: torch_pt.load_state_dict_pt(data, key=None), seeds_pt, rezipped),
    "pt_key": (lambda data: torch_pt.load_state_dict_pt(data, key="model"), seeds_pt, rezipped),
    "checkpoint": (read_checkpoint, seeds_checkpoint, resealed),
    "weights": (from_stream, seeds_weights, resealed),
    "model": (load_model, seeds_model, resealed),
}


# Runs


class Tally:
    def __init__(self) -> None:
        self.accepted = 0
        self.refused = 0
        self.slowest = 0.0
        self.others: list[str] = []

    def read(self, reader: Callable, data: object, name: str) -> None:
        """One file under guard."""
        global guarding
        start = time.perf_counter()
        guarding = True
        try:
            reader(data)
            self.accepted += 1
        except FileError as error:
            self.refused += 1
            if not (str(error).count("; expected ") and ". Try " in str(error)):
                self.others.append(f"{name}: without three beats: {error}")
        except BaseException as error:
            self.others.append(f"{name}: {type(error).__name__}: {error}"[:300])
        finally:
            guarding = False
        self.slowest = max(self.slowest, time.perf_counter() - start)

    def report(self, **more: object) -> None:
        print(json.dumps(vars(self) | more | {"others": self.others[:20], "events": events[:20]}))


def mutate(name: str, seed: int, count: int) -> None:
    reader, make_seeds, deep = FORMATS[name]
    seeds = make_seeds()
    rng = random.Random(seed)
    tally = Tally()
    for data in seeds:
        with contextlib.suppress(FileError):
            reader(data)  # what Python and NumPy load on first use is loaded now
    sys.addaudithook(watch)
    limit_memory(ALLOWED_GROWTH + SLACK)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hostile"
        for turn in range(count):
            data = rng.choice([damaged, deep])(rng.choice(seeds), rng)
            target: object = data
            if turn % 20 == 0 and name != "json":
                path.write_bytes(data)
                target = path
            tally.read(reader, target, f"turn {turn}")
    tally.report(count=count)


def bombs(trace: bool) -> None:
    """Each file is refused, or read within its bounds; a traced peak is what it took beyond twice its size."""
    tally = Tally()
    made = {name: (reader, data) for name, reader, data in make_bombs()}
    for make_seeds, reader in ((seeds_png, png.read_png), (seeds_packed, idx.read_idx), (seeds_pt, str)):
        reader(make_seeds()[0])
    sys.addaudithook(watch)
    largest = max(len(data) for _, data in made.values())
    limit_memory(ALLOWED_GROWTH + 2 * largest + SLACK)
    peaks = {}
    for name, (reader, data) in made.items():
        if trace:
            tracemalloc.start()
        tally.read(reader, data, name)
        peaks[name] = max(0, tracemalloc.get_traced_memory()[1] - 2 * len(data)) if trace else 0
        tracemalloc.stop()
    tally.report(peaks=peaks, names=list(made))


def make_bombs() -> list[tuple[str, Callable, bytes]]:
    load, read_idx, read_png, read_pt = safetensors.load, idx.read_idx, png.read_png, torch_pt.load_state_dict_pt

    def tensors(header: str, data: bytes = b"") -> bytes:
        return len(header).to_bytes(8, "little") + header.encode() + data

    def array(*sizes: int, code: int = 8) -> bytes:
        return bytes([0, 0, code, len(sizes)]) + b"".join(struct.pack(">I", size) for size in sizes)

    def zipped(notation: bytes, **members: bytes) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
            for name, data in {"data.pkl": notation, **members}.items():
                file.writestr(f"a/{name}", data)
        return stream.getvalue()

    def checkpoint(structure: str, **arrays: np.ndarray) -> bytes:
        texts = {"checkpoint": '{"format": 1, "score": null}', "structure": structure}
        return safetensors.save(None, arrays, texts, checksum=True)

    million = np.arange(1_000_000)
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
        ("json objects", strict_json.loads, b"[" + b"{}," * 1_000_000 + b"0]"),
        ("json digits", strict_json.loads, b"9" * 2_000_000),
        ("json float", strict_json.loads, b"0." + b"9" * 2_000_000),
        ("json quotes", strict_json.loads, b'"' + b'\\"' * 1_000_000),
        ("idx of 2^64 numbers", read_idx, array(0xFFFFFFFF, 0xFFFFFFFF)),
        ("idx of 32 GB", read_idx, array(0xFFFFFFFF, code=0x0E)),
        ("idx with 255 sizes", read_idx, array(*[1] * 255) + b"x"),
        ("idx.gz of 100 MB", read_idx, gzip.compress(array(100_000_000) + bytes(100_000_000), 1)),
        ("idx.gz of 60 MB", read_idx, gzip.compress(array(60_000_000) + bytes(60_000_000), 1)),
        ("idx.xz of 100 MB", read_idx, lzma.compress(array(100_000_000) + bytes(100_000_000), preset=0)),
        ("idx.gz that lies", read_idx, gzip.compress(array(0xFFFFFFFF) + bytes(9))),
        ("idx.gz of many streams", read_idx, gzip.compress(b"") * 200_000),
        ("png of 2^62 pixels", read_png, picture(0x7FFFFFFF, 0x7FFFFFFF, 8, 0, 0, b"")),
        ("png of 30,000 × 30,000", read_png, picture(30_000, 30_000, 8, 6, 0, bytes(1000))),
        ("png as large as allowed", read_png, picture(5000, 6000, 8, 0, 0, bytes(6000 * 5001))),
        ("png with a palette", read_png, picture(4000, 3500, 8, 3, 0, bytes(3500 * 4001), chunk(b"PLTE", bytes(3)))),
        ("png of 16 bits", read_png, picture(3000, 3000, 16, 0, 0, (b"\4" + bytes(6000)) * 3000)),
        ("png of 1 bit", read_png, picture(5000, 5000, 1, 0, 0, bytes(626 * 5000))),
        ("png that ends early", read_png, picture(5000, 5000, 8, 0, 0, bytes(10))),
        ("png with more pixels", read_png, picture(1, 1, 8, 0, 0, bytes(100_000_000))),
        ("png with tiny chunks", read_png, picture(1, 1, 8, 0, 0, bytes(2), chunk(b"tEXt", b"") * 200_000)),
        ("pt deflated", read_pt, zipped(b"}.", **{"data/0": bytes(100_000_000)})),
        ("pt notation deflated", read_pt, zipped(b"N" * 60_000_000)),
        ("pt lists", read_pt, zipped(b"]" * 8_000_000)),
        ("pt dicts", read_pt, zipped(b"}" * 8_000_000)),
        ("pt tuples in tuples", read_pt, zipped(b"(" * 4_000_000 + b"t" * 4_000_000 + b".")),
        ("pt memory", read_pt, zipped(b"N" + b"".join(b"r" + struct.pack("<I", n) for n in range(1_000_000)))),
        ("pt text", read_pt, zipped(b"X" + struct.pack("<I", 8_000_000) + "\U0001f600".encode() * 2_000_000 + b".")),
        ("pt wide view", read_pt, zipped(wide_view(1 << 45), **{"data/0": bytes(4)})),
        ("pt wide view as large as allowed", read_pt, zipped(wide_view(15_000_000), **{"data/0": bytes(4)})),
    ]


def wide_view(size: int) -> bytes:
    """A tensor of `size` numbers with a stride of 0 over one stored number."""

    def number(value: int) -> bytes:
        return b"\x8a\x08" + value.to_bytes(8, "little")

    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000NK\x01tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + number(size) + b"\x85K\0\x85\x89NtR"
    return b"}X\x01\0\0\0w" + tensor + b"s."


if __name__ == "__main__":
    if sys.argv[1] == "bombs":
        bombs("trace" in sys.argv)
    else:
        mutate(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
