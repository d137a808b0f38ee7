"""Names of PyTorch's top level that are left out say what to use instead; devices are those that there are."""

import pytest

import glassnet as torch
from glassnet.errors import NotSupportedError
from glassnet.left_out import NAMES

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
