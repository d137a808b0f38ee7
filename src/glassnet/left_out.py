"""What PyTorch has at its top level and in modules of their own, and glassnet leaves out: with what to use instead."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from glassnet.errors import LeftOutError, LeftOutModuleError, complain

NAMES = {
    "numpy.fft on .numpy()": "fft stft istft hann_window hamming_window blackman_window",
    "torch.compile": "jit fx",
    "rand, randn, normal, bernoulli, multinomial or poisson": "binomial",
    "torch.float32 or torch.float64": (
        "bfloat16 float8_e4m3fn float8_e5m2 complex32 complex64 complex128 cfloat cdouble complex polar view_as_real "
        "view_as_complex quantize_per_tensor quantize_per_channel qint8 quint8"
    ),
    "torch.int64": "uint16 uint32 uint64",
    "a dense tensor": "sparse sparse_coo_tensor sparse_csr_tensor nested",
    "the same code without it: tensors are dense, row by row": (
        "layout strided memory_format contiguous_format channels_last preserve_format"
    ),
    "torch.save(model.state_dict(), path)": "hub onnx export package",
    "torch.set_num_threads": "multiprocessing distributed set_num_interop_threads",
    "Python's own cProfile": "profiler",
    "the one in torch.linalg": "qr svd cholesky",
    "x.index_put_, or indexing on the left of =": "put",
    "the CPU, which is what there is": "xpu mps mtia",
}


# Modules that programs for PyTorch import, besides those that are names above. What is inside one is left out with it.
MODULES = {
    "torch.set_num_threads": "nn.parallel",
    "nn.Linear and softmax in a Module of your own": "nn.attention",
    "nn.Dropout, or weight_decay in the optimiser": "nn.utils.prune",
    "the model as it is: its numbers are float32": "ao quantization nn.quantized nn.qat nn.intrinsic",
    "Python's own cProfile": "autograd.profiler utils.bottleneck",
    "Python's own timeit": "utils.benchmark",
    "torch.autograd.Function": "utils.cpp_extension library",
    "torch.from_numpy and tensor.numpy()": "utils.dlpack",
    "torch.save and torch.load": "utils.model_zoo utils.mobile_optimizer",
    "torch.func.vmap, or indexing": "masked",
}


class _Finder:
    """Answers imports such as `from glassnet.jit import script` that nobody else could.

    Python asks it last, when no module of that name was found.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> None:
        room, _, module = name.partition(".")
        if room != "glassnet":
            return
        for instead, names in (*NAMES.items(), *MODULES.items()):
            if module in names.split():
                got = f"{name}: got a module of PyTorch's that glassnet leaves out"
                message = complain(got, "expected one of glassnet's own", f"Try {instead}")
                refusal = LeftOutModuleError(message)
                refusal.name = name
                raise refusal


def watch_imports() -> None:
    """Let imports of modules that are left out say what to use instead."""
    if not any(finder is _Finder for finder in sys.meta_path):
        sys.meta_path.append(_Finder)


def refuse(name: str, room: str = "glassnet", left_out: Mapping[str, str] = NAMES) -> NoReturn:
    """Say what to use instead of a name that is left out of a room; any other name simply is not there."""
    for instead, names in left_out.items():
        if name in names.split():
            got = f"{room}.{name}: got a name of PyTorch's that glassnet leaves out"
            raise LeftOutError(complain(got, f"expected one of those in dir({room})", f"Try {instead}"))
    raise AttributeError(f"module '{room}' has no attribute {name!r}")
