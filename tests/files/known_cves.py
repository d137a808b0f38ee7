"""Files crafted after published attacks on readers of the same kinds, each named by its number and read under guard.

    python known_cves.py

The last line of the output is a JSON object: for each file what became of it ("refused", "read", or what went wrong),
and every event of the interpreter that a reader has no business to cause.
"""

import io
import json
import pickle
import struct
import sys
import tarfile
import tempfile
import warnings
import zipfile
import zlib

import guarded_fuzz as fuzz
import hostile
import numpy as np

from glassnet.errors import FileError
from glassnet.files import idx, png, safetensors, strict_json
from glassnet.files.paths import join_inside
from glassnet.train.checkpoint import read_checkpoint
from glassnet.train.model_file import load_model

load = hostile.from_stream  # glassnet.load


def a_zip(notation: bytes, flags: int = 0, method: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, data in {"data.pkl": notation, **members}.items():
            file.writestr(f"a/{name}", data)
    data = bytearray(stream.getvalue())
    data[data.rindex(b"PK\1\2") + 8] |= flags
    return bytes(data)


def calling(module: str, name: str, *arguments: str) -> bytes:
    """A pickle that calls a function as soon as it is unpickled."""
    texts = b"".join(b"X" + struct.pack("<I", len(text)) + text.encode() for text in arguments)
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"(" + texts + b"tR."


def a_call(module: str, name: str, *arguments: str) -> bytes:
    return a_zip(calling(module, name, *arguments))


def a_tar(notation: bytes) -> bytes:
    """PyTorch's form from 2016, which was unpickled whatever the caller had asked for."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as file:
        for name in ("pickle", "storages", "tensors"):
            member = tarfile.TarInfo(name)
            member.size = len(notation)
            file.addfile(member, io.BytesIO(notation))
    return stream.getvalue()


def a_model(*layers: dict, about: dict | None = None, name: str = "0.weight") -> bytes:
    text = strict_json.dumps({"format": 1, "layers": list(layers), "about": about or {}}, indent=None)
    return safetensors.save(None, {name: np.zeros((1, 1), np.float32)}, {"glassnet": text}, checksum=True)


def a_header(text: str, data: bytes = b"") -> bytes:
    return len(text).to_bytes(8, "little") + text.encode() + data


def renamed_in_directory() -> bytes:
    """One name before the member, another in the directory: two readers see two archives."""
    data = a_zip(calling("os", "system", "true"))
    at = data.rindex(b"a/data.pkl")
    return data[:at] + b"a/data.txt" + data[at + 10 :]


def wrong_crc() -> bytes:
    """The same wrong sum before the member and in the directory."""
    data = bytearray(a_zip(calling("os", "system", "true")))
    data[14] ^= 1
    data[data.index(b"PK\1\2") + 16] ^= 1
    return bytes(data)


def overlapping() -> bytes:
    """Two entries of the directory for one run of bytes."""
    data = a_zip(b"}.")
    at, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    entry = data[at:end].replace(b"data.pkl", b"data/0\0\0")
    tail = bytearray(data[end:])
    tail[8:16] = struct.pack("<HHI", 2, 2, 2 * (end - at))
    return data[:end] + entry + bytes(tail)


def quoting() -> bytes:
    """A member whose contents are the next member, header and all: each layer adds an output for a few bytes."""
    inner = a_zip(b"}.")
    at, end = inner.index(b"PK\1\2"), inner.index(b"PK\5\6")
    local, entry = inner[:at], inner[at:end]
    sizes = struct.pack("<3I", zlib.crc32(local), len(local), len(local))
    outer = local[:14] + sizes + local[26:30] + b"a/data/0\0\0"
    outer_entry = entry[:16] + sizes + entry[28:46] + b"a/data/0\0\0"
    moved = entry[:42] + struct.pack("<I", len(outer)) + entry[46:]
    directory = outer_entry + moved
    tail = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 2, 2, len(directory), len(outer) + len(local), 0)
    return outer + local + directory + tail


def astray() -> bytes:
    """A 64-bit end record of its own, and a locator that points to another place."""
    data = a_zip(b"}.")
    at = data.index(b"PK\5\6")
    start = data.index(b"PK\1\2")
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, at - start, start)
    return data[:at] + record + struct.pack("<4sIQI", b"PK\6\7", 0, 7, 1) + data[at:]


def a_packed_text(kind: bytes, name: bytes) -> bytes:
    return hostile.chunk(kind, name + zlib.compress(bytes(60_000_000), 1))


def a_picture(*chunks: bytes, width: int = 4, height: int = 4, depth: int = 8, colour: int = 3, rows: int = 4) -> bytes:
    return hostile.picture(width, height, depth, colour, 0, bytes(5) * rows, *chunks)


def gzipped(flags: int, extra: bytes, packed: bytes) -> bytes:
    return b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + extra + packed


def palette(count: int) -> bytes:
    return hostile.chunk(b"PLTE", bytes(3 * count))


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


IDX = idx.write_idx(None, np.arange(5, dtype=np.uint8))
NOT_LEGAL_HUFFMAN = bytes([0b101, 0xE0, 0x81, 0x08, 0, 0, 0, 0, 0x20, 0x6A])  # lengths that no code has
CVES = [
    # Pickles: nothing is ever unpickled, and no name is ever looked up
    ("CVE-2019-6446", "NumPy: an array of objects is a pickle", load, pickle.dumps(np.array([None]))),
    ("CVE-2020-13092", "scikit-learn: a model is a pickle that calls os.system", load, calling("os", "system", "true")),
    ("CVE-2022-45907", "PyTorch: a type comment is evaluated", load,
     a_call("torch.jit.annotations", "parse_type_line", "__import__('os').system('true')")),
    ("CVE-2024-34997", "joblib: an array wrapper that unpickles", load,
     a_call("joblib.numpy_pickle", "NumpyArrayWrapper", "x")),
    ("CVE-2024-48063", "PyTorch: a remote module inside a pickle", load,
     a_call("torch.distributed.nn.api.remote_module", "_RemoteModule", "x")),
    ("CVE-2025-32434", "PyTorch: weights_only is ignored for tar files", load, a_tar(calling("os", "system", "true"))),
    ("CVE-2026-24747", "PyTorch: items are set on what is no dict", load,
     a_zip(b"\x80\x02]X\x01\0\0\0aX\x01\0\0\0bs.")),
    ("CVE-2025-1716", "picklescan: pip is not on its list", load, a_call("pip", "main", "install")),
    ("CVE-2025-1889", "picklescan: a pickle under another name", load,
     a_zip(b"}.", **{"config.p": calling("os", "system", "true")})),
    ("CVE-2025-1944", "picklescan: two names for one member", load, renamed_in_directory()),
    ("CVE-2025-1945", "picklescan: a flag says encrypted and is not", load,
     a_zip(calling("os", "system", "true"), flags=1)),
    ("CVE-2025-10155", "picklescan: a bare pickle named like a tensor file", load,
     b"\x80\x04" + calling("os", "system", "true")[2:]),
    ("CVE-2025-10156", "picklescan: a wrong CRC ends the scan", load, wrong_crc()),
    ("CVE-2025-10157", "picklescan: a submodule of a listed one", load,
     a_call("asyncio.unix_events", "_UnixSubprocessTransport._start", "true")),
    ("CVE-2020-13091", "pandas: read_pickle runs what it reads", load, calling("os", "system", "true")),
    ("CVE-2025-23298", "Transformers4Rec: a training's state is a pickle", load,
     a_call("builtins", "exec", "import os; os.system('true')")),
    ("CVE-2025-67748", "fickling: pty is not on its list", load, a_zip(b"(cpty\nspawn\nS'true'\no.")),
    ("CVE-2026-22612", "fickling: an import of a builtin is not seen", load, a_call("builtins", "__import__", "os")),
    # Descriptions of models: a closed table of layers, with typed arguments
    ("CVE-2024-3660", "Keras: a Lambda layer is marshalled code", load_model,
     a_model({"type": "Lambda", "function": ["4wEAAAAAAAAA", None, None]})),
    ("CVE-2025-1550", "Keras: a layer names any module and function", load_model,
     a_model({"type": "Popen", "module": "subprocess", "args": ["true"]})),
    ("CVE-2025-8747", "Keras: a layer that downloads and loads", load_model,
     a_model({"type": "function", "module": "keras.utils", "class_name": "get_file", "origin": "http://localhost"})),
    ("CVE-2025-9905", "Keras: the old HDF5 form ignores safe_mode", load_model, b"\x89HDF\r\n\x1a\n" + bytes(500)),
    ("CVE-2025-9906", "Keras: the file itself switches safety off", load_model,
     a_model({"type": "enable_unsafe_deserialization", "module": "keras.config"}, about={"safe_mode": False})),
    ("CVE-2025-12058", "Keras: a vocabulary is a path that gets read", load_model,
     a_model({"type": "StringLookup", "vocabulary": "/etc/passwd"})),
    ("CVE-2025-49655", "Keras: a wrapped module is a pickle inside the description", load_model,
     a_model({"type": "TorchModuleWrapper", "module": "gAJjb3MKc3lzdGVtCihYBAAAAHRydWV0Ui4="})),
    ("CVE-2026-1462", "Keras: a layer names a saved model elsewhere", load_model,
     a_model({"type": "TFSMLayer", "filepath": "http://localhost/model", "call_endpoint": "serve"})),
    ("CVE-2021-37678", "TensorFlow: a description in YAML calls what it names", load_model,
     b"!!python/object/apply:os.system ['true']\n"),
    ("CVE-2026-12479", "Keras: a layer's name is a path outside the folder", load_model,
     a_model({"type": "Linear", "in_features": 1, "out_features": 1, "bias": False}, name="../../0.weight")),
    ("CVE-2026-0897", "Keras: a header asks for 8 PiB", load_model,
     a_header('{"0.weight":{"dtype":"F32","shape":[2251799813685248],"data_offsets":[0,9007199254740992]}}')),
    ("CVE-2021-41203", "TensorFlow: a checkpoint with sizes that overflow", read_checkpoint,
     a_header('{"w":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}}')),
    # Archives
    ("CVE-2019-9674", "zipfile: a small archive that unpacks to a huge one", load,
     a_zip(b"}.", method=zipfile.ZIP_DEFLATED, data=bytes(100_000_000))),
    ("CVE-2024-0450", "zipfile: members on top of each other", load, overlapping()),
    ("CVE-2019-13232", "Info-ZIP: a member inside another's contents", load, quoting()),
    ("CVE-2025-8291", "zipfile: a 64-bit end record where the locator does not point", load, astray()),
    ("CVE-2022-37434", "zlib: an extra field longer than the header", idx.read_idx,
     gzipped(4, struct.pack("<H", 65535) + bytes(9), bare(IDX))),
    ("CVE-2005-2096", "zlib: lengths that make no code", idx.read_idx, gzipped(0, b"", NOT_LEGAL_HUFFMAN)),
    # Pictures
    ("CVE-2004-0597", "libpng: more transparencies than colours", png.read_png,
     a_picture(palette(2), hostile.chunk(b"tRNS", bytes(300)))),
    ("CVE-2004-0599", "libpng: height times row overflows", png.read_png,
     a_picture(palette(2), width=0x7FFFFFFF, height=0x7FFFFFFF)),
    ("CVE-2010-1205", "libpng: more rows than the header says", png.read_png, a_picture(palette(2), rows=400)),
    ("CVE-2015-8126", "libpng: a palette too large for its depth", png.read_png,
     a_picture(palette(256), depth=1, rows=4)),
    ("CVE-2017-12652", "libpng: a chunk longer than the file", png.read_png,
     a_picture(palette(2))[:-12] + b"\x7f\xff\xff\xffIDAT"),
    ("CVE-2018-13785", "libpng: a row width that overflows to 0", png.read_png,
     a_picture(width=0x55555555, colour=2)),
    ("CVE-2014-9601", "Pillow: a text that unpacks to far more than it takes", png.read_png,
     a_picture(palette(2), hostile.chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(60_000_000))))),
    ("CVE-2010-0205", "libpng: a text that unpacks to far more than it takes", png.read_png,
     a_picture(palette(2), a_packed_text(b"iTXt", b"k\0\1\0\0\0"))),
    ("CVE-2011-3026", "libpng: a colour profile whose unpacked size overflows", png.read_png,
     a_picture(palette(2), a_packed_text(b"iCCP", b"k\0\0"))),
    ("CVE-2013-6954", "libpng: a palette without colours", png.read_png, a_picture(palette(0))),
    ("CVE-2014-0333", "libpng: pixels in chunks of no bytes, for ever", png.read_png,
     a_picture(palette(2), hostile.chunk(b"IDAT", b"") * 70_000)),
    ("CVE-2025-66293", "libpng: a palette half clear, with a gamma", png.read_png,
     a_picture(palette(2), hostile.chunk(b"gAMA", struct.pack(">I", 45455)), hostile.chunk(b"tRNS", b"\x80\x01"))),
    # JSON
    ("CVE-2017-12635", "CouchDB: one key twice, and each reader takes another", strict_json.loads,
     b'{"roles": ["_admin"], "roles": []}'),
    ("CVE-2020-10735", "Python: an integer of a million digits", strict_json.loads, b"1" * 1_000_000),
    ("CVE-2022-31116", "ujson: half a surrogate pair", strict_json.loads, b'"\\ud800"'),
    ("CVE-2024-27454", "orjson: brackets without end", strict_json.loads, b"[" * 1_000_000 + b"]" * 1_000_000),
    ("CVE-2025-52999", "Jackson: objects without end", strict_json.loads, b'{"a":' * 500_000 + b"1" + b"}" * 500_000),
    ("CVE-2022-42003", "Jackson: lists around one value without end", strict_json.loads,
     b"[" * 100_000 + b"1" + b"]" * 100_000),
    ("CVE-2023-1370", "json-smart: brackets that never close", strict_json.loads, b"[" * 1_000_000),
    ("CVE-2023-5072", "JSON-java: a key that is itself an object", strict_json.loads,
     b"{" * 40 + b'"a":1' + b"}:1" * 39 + b"}"),
    ("CVE-2023-26819", "cJSON: a number longer than its room", strict_json.loads,
     b'{"a": true, "b": [ null,' + b"9" * 48 + b"12345678901234567]}"),
    ("CVE-2024-21907", "Newtonsoft.Json: objects inside objects", strict_json.loads,
     b'{"a":' * 50_000 + b"{}" + b"}" * 50_000),
    # Tables
    ("CVE-2019-17592", "csv-parse: digits and then none, tried in every way", hostile.read_csv,
     b"a\n" + b"1" * 100_000 + b"x\n"),
    ("CVE-2020-36649", "Papa Parse: a number that stops being one at its end", hostile.read_csv,
     b"a\n" + (b"-" + b"1" * 50_000 + b"." + b"1" * 50_000 + b"e+\n") * 3),
    # Names that came out of a file
    ("CVE-2001-1267", "tar: two dots in a member's name", "path", "a/../../../evil"),
    ("CVE-2007-4559", "tarfile: a member outside the folder", "path", "../../../etc/passwd"),
    ("CVE-2018-1002200", "Zip Slip: a member outside the folder", "path", "good/../../evil.sh"),
    ("CVE-2022-25882", "ONNX: weights at a path outside the folder", "path", "../weights.bin"),
    ("CVE-2024-27318", "ONNX: the same, past a check of the first step", "path", "a/../../weights.bin"),
    ("CVE-2024-5187", "ONNX: an absolute path in a downloaded archive", "path", "/etc/crontab"),
    ("CVE-2025-12060", "Keras: an archive's member outside the folder", "path", "..\\..\\evil.py"),
    ("CVE-2025-12638", "Keras: a downloaded archive writes beside the cache", "path", "model/../../../.bashrc"),
    ("CVE-2025-4517", "tarfile: a path too long to be resolved", "path", "/".join(["d" * 247] * 20) + "/../../x"),
]  # fmt: skip


def outcome(reader: object, data: bytes | str, folder: str) -> str:
    fuzz.guarding = True
    try:
        if reader == "path":
            join_inside(folder, str(data))
        else:
            reader(data)  # type: ignore[operator]
        return "read"
    except FileError as error:
        return "refused" if "; expected " in str(error) and ". Try " in str(error) else f"without three beats: {error}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]
    finally:
        fuzz.guarding = False


def main() -> None:
    warnings.simplefilter("error")
    outcomes = {}
    with tempfile.TemporaryDirectory() as folder:
        for form in hostile.FORMATS.values():
            fuzz.warm_up(form, form.seeds())
        sys.addaudithook(fuzz.watch)
        fuzz.limit_memory(fuzz.ALLOWED_GROWTH + fuzz.SLACK)
        for number, what, reader, data in CVES:
            before = len(fuzz.events)
            outcomes[f"{number} {what}"] = outcome(reader, data, folder)
            if fuzz.events[before:]:
                outcomes[f"{number} {what}"] = f"touched the system: {fuzz.events[before:]}"
    print(json.dumps({"outcomes": outcomes}))


if __name__ == "__main__":
    main()
