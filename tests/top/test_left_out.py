"""Names and modules of PyTorch's that are left out say what to use instead; devices are those that there are."""

import importlib
import sys

import pytest

import glassnet as torch
from glassnet.errors import NotSupportedError
from glassnet.left_out import MODULES, NAMES, watch_imports

LEFT_OUT = [name for names in NAMES.values() for name in names.split()]


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_name_that_is_left_out_says_what_to_use(name):
    assert not hasattr(torch, name)
    with pytest.raises(NotSupportedError, match=rf"glassnet\.{name}: .*; expected .*\. Try "):
        getattr(torch, name)


def test_a_name_that_nobody_has_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'glassnet' has no attribute 'nonsense'"):
        torch.nonsense  # noqa: B018


def test_a_program_that_asks_for_an_accelerator_gets_the_cpu():
    device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
    torch.set_default_device(device)
    assert torch.get_default_device() == torch.device("cpu")
    assert torch.zeros(2).device == torch.get_default_device()
    assert torch.accelerator.current_accelerator() is None
    assert torch.accelerator.device_count() == 0
    with pytest.raises(NotSupportedError, match="cuda"):
        torch.set_default_device("cuda")


MODULES_LEFT_OUT = ["distributed", "fft", "jit", "multiprocessing", "onnx", "profiler"]


@pytest.mark.parametrize("name", [*MODULES_LEFT_OUT, *" ".join(MODULES.values()).split()])
def test_a_module_that_is_left_out_says_what_to_use(name):
    importlib.import_module(f"glassnet.{name}".rpartition(".")[0])
    with pytest.raises(NotSupportedError, match=rf"glassnet\.{name}: .*; expected .*\. Try ") as refused:
        importlib.import_module(f"glassnet.{name}")
    assert isinstance(refused.value, ModuleNotFoundError)  # what `try: import … except ImportError` catches
    assert refused.value.name == f"glassnet.{name}"


def test_other_imports_fail_as_ever():
    for name in ("glassnet.nonsense", "glassnet.nn.nonsense", "nonsense.jit"):
        with pytest.raises(ModuleNotFoundError) as refused:
            importlib.import_module(name)
        assert not isinstance(refused.value, NotSupportedError)


def test_imports_are_watched_once():
    before = list(sys.meta_path)
    watch_imports()
    assert sys.meta_path == before
