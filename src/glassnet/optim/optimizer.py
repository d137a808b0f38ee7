"""Optimizer: parameters in groups, their state, and how both are saved; the base of every optimiser."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from glassnet.core.mode import enable_grad, mode, no_grad
from glassnet.core.tape import Handle
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, ValueRangeError, complain
from glassnet.optim.group import ParamGroup

StateDict = dict[str, Any]
_EVENTS = ("step_pre", "step_post", "state_dict_pre", "state_dict_post", "load_state_dict_pre", "load_state_dict_post")


class _Required:
    """Stands for the default of an option that every group must give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class Optimizer:
    """The base of every optimiser, and of your own: give it the parameters and the default options, and define `step`.

    Args:
        params: tensors, `(name, tensor)` pairs, or dictionaries with "params" and options of their own.
        defaults: the options of parameters that have none of their own.

    Raises ValueError or TypeError when a parameter is computed, given twice, or no tensor.

    >>> import glassnet as torch
    >>> class Halve(torch.optim.Optimizer):
    ...     def step(self):
    ...         with torch.no_grad():
    ...             for group in self.param_groups:
    ...                 for p in group["params"]:
    ...                     p *= group["factor"]
    >>> w = torch.tensor([4.0], requires_grad=True)
    >>> Halve([w], {"factor": 0.5}).step()
    >>> w
    tensor([2.], requires_grad=True)
    """

    replayable = False  # whether `step` consists of tensor operations alone, which a recorded step can repeat

    def __init__(self, params: Iterable[Any], defaults: Mapping[str, Any]) -> None:
        self.defaults = dict(defaults)
        self.hooks: dict[str, dict[int, Callable[..., Any]]] = {event: {} for event in _EVENTS}
        self.state: Any = defaultdict(dict)
        self.param_groups: list[ParamGroup] = []
        self._opt_called: bool | None = None  # a schedule that watches the order of calls sets it to False
        self._stepping = False
        for group in self._as_groups(params):
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls):
            cls.step = _watched(cls.step)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters in the light of their gradients."""
        raise NotImplementedError(
            f"{type(self).__name__}: got a call of step(); expected the class to define it. Try def step(self): …"
        )

    def _evaluate(self, closure: Callable[[], Any] | None) -> Any:
        if closure is None:
            return None
        with enable_grad():
            return closure()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: `grad = None`, or zeros with `set_to_none=False`."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    with no_grad():
                        p.grad = p.grad.detach() if p.grad.needs_grad else p.grad
                        p.grad.zero_()

    # ---- groups -----------------------------------------------------------------------------------------------

    def _as_groups(self, params: Any) -> list[dict[str, Any]]:
        name = type(self).__name__
        if isinstance(params, Tensor):
            raise TypeError(
                f"{name}: got one tensor as params; expected a list of tensors or of dictionaries. Try "
                f"{name}([tensor])."
            )
        if hasattr(params, "parameters"):
            got = f"{name}: got a model ({type(params).__name__}) as params"
            raise TypeError(complain(got, "expected its parameters", f"Try {name}(model.parameters())"))
        if callable(params):
            method = getattr(params, "__name__", "params")
            got = f"{name}: got the method {method} as params"
            raise TypeError(complain(got, "expected what it gives", f"Try {name}(model.{method}())"))
        given = list(params)
        if not given:
            raise ValueRangeError(
                f"{name}: got an empty parameter list; expected at least one tensor. Try {name}(model.parameters()) "
                "with a model that has layers (list(model.parameters()) shows them)."
            )
        return [dict(g) for g in given] if isinstance(given[0], dict) else [{"params": given}]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own; what is not given takes the optimiser's defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(
                f"add_param_group: got {type(param_group).__name__}; expected a dictionary. "
                "Try add_param_group({'params': [tensor], 'lr': 0.01})."
            )
        options = {"params": [], **param_group}
        options["params"], names = self._parameters(param_group.get("params", []))
        if names:
            options["param_names"] = names
        for key, default in self.defaults.items():
            options.setdefault(key, default)
            if options[key] is required:
                raise ValueRangeError(
                    f"{type(self).__name__}: got a parameter group without {key!r}; expected a value for it. "
                    f"Try {{'params': …, {key!r}: …}}."
                )
        self._check_alone(options)
        self.param_groups.append(ParamGroup(options, self.defaults if self.replayable else ()))

    def _parameters(self, given: Any) -> tuple[list[Tensor], list[str]]:
        """The tensors of a group, and their names if they come as pairs."""
        if isinstance(given, set):
            raise TypeError(
                "parameters: got a set, whose order differs from run to run; expected a list. Try "
                "list(model.parameters())."
            )
        pairs = [given] if isinstance(given, Tensor) else list(given)
        names = [p[0] for p in pairs if isinstance(p, tuple)]
        if names and len(names) != len(pairs):
            raise ValueRangeError(
                f"parameters: got {len(names)} of {len(pairs)} with names; expected all or none. "
                "Try model.named_parameters()."
            )
        params = [p[1] if isinstance(p, tuple) else p for p in pairs]
        for p in params:
            _check_parameter(p)
        return params, names

    def _check_alone(self, options: dict[str, Any]) -> None:
        """No parameter may be updated twice in a step, and names are for all groups or for none."""
        taken = {id(p) for group in self.param_groups for p in group["params"]}
        for i, p in enumerate(options["params"]):
            if id(p) in taken:
                raise ValueRangeError(
                    f"{type(self).__name__}: got parameter {i} of a group, of shape {tuple(p.array.shape)}, a second "
                    "time; expected each parameter once. Try leaving it out of one place."
                )
            taken.add(id(p))
        if self.param_groups and ("param_names" in options) != ("param_names" in self.param_groups[0]):
            raise ValueRangeError(
                "add_param_group: got a group with names beside one without; expected names for all groups or none. "
                "Try model.named_parameters() for both."
            )

    # ---- saving and loading -----------------------------------------------------------------------------------

    def state_dict(self) -> StateDict:
        """The state by parameter number, and the options of the groups, laid out as PyTorch lays them out.

        The tensors are the live ones: copy them (`copy.deepcopy`) to keep a moment of the training.
        """
        self._call("state_dict_pre")
        number = {id(p): i for i, p in enumerate(self._all_parameters())}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [number[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        state = {number[id(p)] if isinstance(p, Tensor) else p: dict(s) for p, s in self.state.items()}
        return self._call("state_dict_post", {"state": state, "param_groups": groups})

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Take over a state: what `state_dict()` gave, or PyTorch's (arrays, tensors and numbers alike).

        Raises ValueError when the groups are of other sizes, and ShapeError when a state does not fit its parameter.
        """
        state_dict = self._call("load_state_dict_pre", dict(state_dict))
        saved = state_dict["param_groups"]
        self._check_groups(saved)
        params = self._all_parameters()
        number = dict(zip((n for g in saved for n in g["params"]), params, strict=True))
        state: defaultdict[Any, Any] = defaultdict(dict)
        for n, values in state_dict["state"].items():
            if n not in number:
                state[n] = values
                continue
            self._check_state(number[n], n, values)
            state[number[n]] = {k: _taken_over(v, k, number[n]) for k, v in values.items()}
        for group, options in zip(self.param_groups, saved, strict=True):
            self._take_options(group, options)
        self.__setstate__({"state": state, "param_groups": self.param_groups})
        self._call("load_state_dict_post")

    def __setstate__(self, state: dict[str, Any]) -> None:
        for key, value in state.items():
            setattr(self, key, value)

    def _all_parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def _check_groups(self, saved: list[dict[str, Any]]) -> None:
        have = [len(g["params"]) for g in self.param_groups]
        got = [len(g["params"]) for g in saved]
        if have != got:
            raise DataError(
                f"load_state_dict: got groups of {got} parameters; expected groups of {have}. "
                "Try an optimiser made with the same model and the same groups."
            )

    def _check_state(self, p: Tensor, index: int, state: dict[str, Any]) -> None:
        """Refuse a state that does not fit its parameter."""

    def _take_options(self, group: ParamGroup, saved: dict[str, Any]) -> None:
        names = {"params": group["params"], **({"param_names": group["param_names"]} if "param_names" in group else {})}
        options = {**names, **self.defaults, **{k: v for k, v in saved.items() if k != "params"}}
        for key in [key for key in group if key not in options]:
            del group[key]
        group.update(options)

    # ---- hooks ------------------------------------------------------------------------------------------------

    def _call(self, event: str, value: Any = None) -> Any:
        """Let the hooks of an event see a value, if it has one, and perhaps change it."""
        for hook in list(self.hooks[event].values()):
            changed = hook(self) if value is None else hook(self, value)
            value = value if value is None or changed is None else changed
        return value

    def _register(self, event: str, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        handle = Handle(self.hooks[event], hook)
        if prepend:
            later = {k: v for k, v in self.hooks[event].items() if k != handle.key}
            for k, v in later.items():
                del self.hooks[event][k]
                self.hooks[event][k] = v
        return handle

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call hook(optimizer, args, kwargs) before every step; it may return other (args, kwargs).

        As in PyTorch, args begins with the optimizer itself.
        """
        return self._register("step_pre", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call hook(optimizer, args, kwargs) after every step."""
        return self._register("step_post", hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call hook(optimizer) before the state is given out."""
        return self._register("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call hook(optimizer, state_dict) before the state is given out; it may return another."""
        return self._register("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call hook(optimizer, state_dict) before a state is taken over; it may return another."""
        return self._register("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call hook(optimizer) after a state was taken over."""
        return self._register("load_state_dict_post", hook, prepend)

    def __repr__(self) -> str:
        groups = []
        for i, group in enumerate(self.param_groups):
            options = [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
            groups.append(f"\nParameter Group {i}\n{''.join(options)}")
        return f"{type(self).__name__} ({''.join(groups)})"


def _watched(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step that calls its hooks, and tells a recording when it cannot be replayed."""

    @functools.wraps(step)
    def watched(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if self._stepping:  # a subclass that calls super().step()
            return step(self, *args, **kwargs)
        if mode.trace is not None:
            _tell(self, step)
        if self._opt_called is not None:
            self._opt_called = True
        self._stepping = True
        try:
            return _with_hooks(self, step, args, kwargs)
        finally:
            self._stepping = False

    return watched


def _tell(optimizer: Optimizer, step: Callable[..., Any]) -> None:
    name = type(optimizer).__name__
    own = step.__module__.startswith("glassnet.")
    if not (optimizer.replayable and own):
        mode.trace.stop(f"{name}.step() is Python that a replay would not run")  # type: ignore[union-attr]
    elif optimizer.hooks["step_pre"] or optimizer.hooks["step_post"]:
        mode.trace.stop(f"{name} has step hooks, which a replay would not call")  # type: ignore[union-attr]


def _with_hooks(optimizer: Optimizer, step: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    args = (optimizer, *args)  # what step is called with, the optimizer itself first
    for hook in list(optimizer.hooks["step_pre"].values()):
        changed = hook(optimizer, args, kwargs)
        if changed is not None:
            args, kwargs = changed
            args = args if args and args[0] is optimizer else (optimizer, *args)
    result = step(*args, **kwargs)
    for hook in list(optimizer.hooks["step_post"].values()):
        hook(optimizer, args, kwargs)
    return result


def _check_parameter(p: Any) -> None:
    if not isinstance(p, Tensor):
        raise TypeError(
            f"parameters: got {type(p).__name__}; expected tensors, which an optimizer can only optimize. "
            "Try model.parameters(), or torch.tensor(…, requires_grad=True)."
        )
    if not p.is_leaf:
        made_by = p.op.name if p.op is not None else "a computation"
        raise ValueRangeError(
            f"parameters: got a tensor of shape {tuple(p.array.shape)} that was computed (by {made_by}); expected a "
            "leaf: an update of it would be lost. Try tensor.detach().requires_grad_()."
        )


def _taken_over(value: Any, key: str, p: Tensor) -> Any:
    """A saved value as the parameter's own: arrays copied, with the parameter's kind of numbers; counts as they are."""
    if isinstance(value, dict):
        return {k: _taken_over(v, k, p) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_taken_over(v, key, p) for v in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    array = np.array(value.array if isinstance(value, Tensor) else value)
    if key != "step" and array.ndim and array.dtype.kind == "f" and p.array.dtype.kind == "f":
        array = array.astype(p.array.dtype)
    return wrap(array)
