"""Mixed precision that is switched off changes nothing; switched on, it says why not."""

import pytest

import glassnet as torch
from glassnet.errors import NotSupportedError, ValueRangeError


def trained(scaler, autocast):
    torch.manual_seed(0)
    model, x = torch.nn.Linear(3, 1), torch.randn(4, 3)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        opt.zero_grad()
        with autocast:
            loss = model(x).pow(2).mean()
        scaler.scale(loss).backward()
        scaler.unscale_(opt)
        scaler.step(opt)
        scaler.update()
    return model.weight.detach().tolist()


def test_switched_off_it_changes_no_number():
    torch.manual_seed(0)
    model, x = torch.nn.Linear(3, 1), torch.randn(4, 3)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        opt.zero_grad()
        model(x).pow(2).mean().backward()
        opt.step()
    scaler = torch.amp.GradScaler("cuda", enabled=False)
    assert trained(scaler, torch.autocast("cpu", enabled=False)) == model.weight.detach().tolist()
    assert (scaler.is_enabled(), scaler.get_scale(), scaler.state_dict()) == (False, 1.0, {})
    scaler.load_state_dict({})


def test_step_gives_what_the_optimiser_gives():
    weight = torch.nn.Parameter(torch.ones(1))
    opt = torch.optim.SGD([weight], lr=0.1)

    def closure():
        opt.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert torch.amp.GradScaler(enabled=False).step(opt, closure).item() == 1


def test_it_decorates_a_function():
    @torch.autocast(device_type="cpu", enabled=False)
    def half(x):
        """Half of x."""
        return x / 2

    assert half(torch.ones(1)).dtype is torch.float32
    assert half.__doc__ == "Half of x."


def test_on_for_a_gpu_that_is_not_there_it_warns_and_goes_on():
    with pytest.warns(UserWarning, match="autocast: got enabled=True for 'cuda'"):
        context = torch.autocast("cuda", dtype=torch.float16)
    with pytest.warns(UserWarning, match="GradScaler: got enabled=True for 'cuda'"):
        scaler = torch.amp.GradScaler()
    off = trained(torch.amp.GradScaler(enabled=False), torch.autocast("cpu", enabled=False))
    assert trained(scaler, context) == off
    assert not torch.amp.is_autocast_available("cuda")


def test_on_for_the_cpu_it_says_what_to_do():
    with pytest.raises(NotSupportedError, match=r"autocast: got enabled=True and dtype=bfloat16 .* Try enabled=False"):
        torch.autocast("cpu")
    with pytest.raises(NotSupportedError, match=r"dtype=torch\.float16 on the CPU"):
        torch.autocast("cpu", dtype=torch.float16)
    with pytest.raises(NotSupportedError, match="GradScaler: got enabled=True on the CPU"):
        torch.amp.GradScaler("cpu")
    with pytest.raises(ValueRangeError, match="autocast: got device_type=True"):
        torch.autocast(True)


def test_the_older_names_warn_where_they_are_called():
    with pytest.warns(FutureWarning, match=r"torch\.cuda\.amp\.autocast is deprecated") as warned:
        context = torch.cuda.amp.autocast(enabled=False)
    assert warned[0].filename == __file__
    with pytest.warns(FutureWarning, match=r"torch\.cuda\.amp\.GradScaler is deprecated"):
        scaler = torch.cuda.amp.GradScaler(enabled=False)
    assert isinstance(context, torch.amp.autocast)
    assert isinstance(scaler, torch.amp.GradScaler)
    with context:
        assert scaler.scale(2.0) == 2
