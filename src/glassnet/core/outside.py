"""What a step reads from around it, and whether it still reads the same.

A replay does not run the step's Python. Whatever that Python would look up anew at every call (a global, a variable of
an enclosing function, an attribute, an entry of a list) must therefore be what it was. `Watch` finds these lookups in
the bytecode of the step, of the user's functions that it calls and of the user's modules that ran, and writes one test
of them all. What it cannot follow safely, such as a list that is appended to, it refuses.
"""

from __future__ import annotations

import builtins
import dis
import functools
import inspect
import operator
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from glassnet.core import dtypes
from glassnet.core.kinds import DICTS, LISTS, NESTS, TUPLES, Kinds
from glassnet.core.source import NotReplayable
from glassnet.core.tensor import Tensor

PLAIN: Kinds = (int, float, bool, str, bytes, type(None), complex, np.generic, dtypes.DType)
_LIBRARIES = {"glassnet", "numpy", *sys.stdlib_module_names} - {"__main__"}
_VARYING = {"random", "time", "datetime", "secrets", "numpy.random"}
_SPEAKING = {"print", "input", "next", "open"}
_GROWING = {"append", "extend", "insert", "pop", "remove", "clear", "update", "setdefault", "popitem", "add", "discard"}
_PARTIAL: Kinds = (functools.partial,)
_EDITABLE: Kinds = (list, dict)
_CHANGEABLE: Kinds = (list, dict, set)
_MOST_ENTRIES = 256


class Sight(NamedTuple):
    """A lookup: how it is written, and what it gave."""

    text: str
    value: Any


Sights = list[Sight]  # what one name may stand for: several where it runs over the entries of a list


class Watch:
    """The lookups of a step; `test()` makes the function that says whether all give what they gave."""

    def __init__(self, leaves: Iterable[Tensor] = (), modules: Iterable[Any] = ()) -> None:
        self.scope: dict[str, Any] = {"same": _same, "same_entries": same_entries}
        self.tests: dict[str, None] = {}  # in order, each once
        self.walked: set[Any] = set()
        self.names: dict[int, str] = {}  # what the step calls the tensors that it looks up
        self.leaves = {id(t) for t in leaves}  # whose gradients the step itself looks after
        self.modules = {id(m): m for m in modules}  # whose attributes are looked at when `World` changes
        default = self.hold(dtypes.default_float)
        self._expect(Sight(f"{default}()", dtypes.default_float()))

    def function(self, function: Any, *args: Any, **named: Any) -> None:
        """Follow a function that is called with these arguments; libraries are taken as they are."""
        while isinstance(function, _PARTIAL):
            args, named, function = (*function.args, *args), {**function.keywords, **named}, function.func
        function = inspect.unwrap(function)
        if isinstance(function, types.MethodType):
            args, function = (function.__self__, *args), function.__func__
        if not isinstance(function, types.FunctionType):
            call = _of_class(function, "__call__")
            if not isinstance(call, types.FunctionType):
                return
            args, function = (function, *args), call
        if _is_of_library(function.__module__) or (function.__code__, *map(id, args)) in self.walked:
            return
        self.walked.add((function.__code__, *map(id, args)))
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        passed = {**dict(zip(names, args, strict=False)), **named}
        known = {n: [Sight(self.hold(a), a)] for n, a in passed.items() if _may_hold(a)}
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        _Walk(self, function.__code__, function.__globals__, cells, known).run()

    def test(self) -> Callable[[], bool]:
        """One function that looks again at everything."""
        return eval(f"lambda: {' and '.join(self.tests)}", self.scope)

    def hold(self, value: Any) -> str:
        """A name for an object, which is kept alive so that no other can take its identity."""
        name = f"v{id(value)}"
        self.scope[name] = value
        return name

    def _expect(self, sight: Sight) -> None:
        """Ask for what a lookup gave: the same object, the same number, a list of the same entries."""
        text, value = sight
        if any(test.startswith(f"{text} is ") or f"({text}, " in test for test in self.tests):
            return
        name = self.hold(value)
        if isinstance(value, PLAIN):
            self.tests[f"({text} is {name} or same({text}, {name}))"] = None
        elif isinstance(value, NESTS):
            entries = self.hold(entries_of(value))
            self.tests[f"{text} is {name} and same_entries({name}, {entries})"] = None
        elif isinstance(value, types.MethodType | types.BuiltinMethodType):
            return  # made anew at every lookup
        else:
            self.tests[f"{text} is {name}"] = None

    def see(self, sight: Sight, name: str = "", owner: Any = None) -> Sights:
        """Note a lookup by that name; what comes back can be looked into further."""
        value = sight.value
        for i, t in enumerate(value if isinstance(value, LISTS) else (value,)):
            if isinstance(t, Tensor) and name:
                self.names.setdefault(id(t), name if t is value else f"{name}{i}")
        if isinstance(value, types.ModuleType):
            if value.__name__ in _VARYING:
                raise NotReplayable(f"it uses the module {value.__name__}, whose results differ from call to call")
            return [sight]
        _refuse_growing(value)
        if id(owner) not in self.modules or isinstance(value, _EDITABLE):
            self._expect(sight)
        if callable(value) and not isinstance(value, type):
            self.function(value)
        return [sight]


class _Walk:
    """One pass over the bytecode of one function."""

    def __init__(
        self,
        watch: Watch,
        code: types.CodeType,
        names: dict[str, Any],
        cells: dict[str, Any],
        known: dict[str, Sights],
    ) -> None:
        self.watch, self.code, self.names, self.cells, self.known = watch, code, names, cells, known
        self.at: Sights = []  # what the lookup in hand stands for
        self.key: Any = None

    def run(self) -> None:
        for inner in self.code.co_consts:
            if isinstance(inner, types.CodeType):  # a lambda or an inner function sees the same globals and cells
                _Walk(self.watch, inner, self.names, self.cells, {}).run()
        for step in dis.get_instructions(self.code):
            self._read(step)

    def _read(self, step: dis.Instruction) -> None:
        name, what = step.opname, step.argval
        if name in ("LOAD_GLOBAL", "LOAD_NAME"):
            self.at = self._global(what)
        elif name in ("LOAD_DEREF", "LOAD_CLASSDEREF") and what in self.cells:
            self.at = self._cell(what)
        elif name in ("STORE_GLOBAL", "DELETE_GLOBAL") or (name == "STORE_DEREF" and what in self.cells):
            raise NotReplayable(f"the variable {what} is set while the step runs")
        elif name.startswith("LOAD_FAST"):
            last = what[-1] if isinstance(what, TUPLES) else what
            self.at = self.known.get(last, [])
        elif name in ("LOAD_ATTR", "LOAD_METHOD"):
            self.at = [s for sight in self.at for s in self._attribute(sight, what)]
        elif name in ("STORE_ATTR", "DELETE_ATTR", "STORE_SUBSCR", "DELETE_SUBSCR"):
            self._refuse_store(what if name.endswith("ATTR") else None)
        elif name in ("LOAD_CONST", "LOAD_SMALL_INT"):
            self.key = what
            return  # the lookup in hand may be about to be asked for this entry
        elif name == "BINARY_SUBSCR" or (name == "BINARY_OP" and step.argrepr == "[]"):
            self.at = [s for sight in self.at for s in self._entry(sight, self.key)]
        elif name == "GET_ITER":
            self.at = [s for sight in self.at for s in _each(sight)]
        elif name == "STORE_FAST":
            self.known[what] = self.at
            self.at = []
        elif name not in ("FOR_ITER", "NOP", "EXTENDED_ARG", "PUSH_NULL", "CACHE"):
            self.at = []

    def _refuse_store(self, attribute: str | None) -> None:
        """What is stored in an object from outside would not be stored by a replay."""
        for _, value in self.at:
            if attribute is not None and not isinstance(value, Tensor) and id(value) not in self.watch.modules:
                raise NotReplayable(f"the attribute {attribute} is set while the step runs")
            if attribute is None and isinstance(value, _EDITABLE):
                raise NotReplayable(f"an entry of a {type(value).__name__} from outside is set while the step runs")
        self.at = []

    def _global(self, name: str) -> Sights:
        if name in self.names:
            return self.watch.see(Sight(f"{self.watch.hold(self.names)}[{name!r}]", self.names[name]), name)
        if name in _SPEAKING and hasattr(builtins, name):
            raise NotReplayable(f"it calls {name}(), which must be done anew at every call")
        return []

    def _cell(self, name: str) -> Sights:
        cell = self.cells[name]
        try:
            value = cell.cell_contents
        except ValueError:
            return []  # not filled yet
        return self.watch.see(Sight(f"{self.watch.hold(cell)}.cell_contents", value), name)

    def _attribute(self, sight: Sight, name: str) -> Sights:
        text, value = sight
        if isinstance(value, Tensor) and (name != "grad" or id(value) in self.watch.leaves):
            return []
        made = _of_class(value, name)
        if isinstance(made, property):
            if made.fget is not None:
                self.watch.function(made.fget, value)
            return []
        try:
            found = getattr(value, name)
        except AttributeError:
            return []
        return self.watch.see(Sight(f"{text}.{name}", found), name, value)

    def _entry(self, sight: Sight, key: Any) -> Sights:
        text, value = sight
        if not isinstance(value, NESTS) or not isinstance(key, PLAIN):
            return []
        try:
            return self.watch.see(Sight(f"{text}[{key!r}]", value[key]))
        except (LookupError, TypeError):
            return []


def _of_class(value: Any, name: str) -> Any:
    """What the class of an object has under a name, without running a property."""
    return inspect.getattr_static(value.__class__, name, None)


def _each(sight: Sight) -> Sights:
    """What a loop over the entries of a list runs through."""
    text, value = sight
    if not isinstance(value, LISTS) or len(value) > _MOST_ENTRIES:
        return []
    return [Sight(f"{text}[{i}]", v) for i, v in enumerate(value)]


def entries_of(value: Any) -> tuple[Any, ...]:
    """The entries of a list, tuple or dict, with those of lists inside it."""
    flat: list[Any] = []
    for v in (*value.keys(), *value.values()) if isinstance(value, DICTS) else value:
        flat += (v, *entries_of(v)) if isinstance(v, NESTS) and len(flat) < _MOST_ENTRIES else (v,)
    return tuple(flat)


def same_entries(value: Any, before: tuple[Any, ...]) -> bool:
    """Whether a list, tuple or dict still has the entries it had."""
    now = tuple(value) if isinstance(value, LISTS) and len(value) == len(before) else entries_of(value)
    return len(now) == len(before) and (all(map(operator.is_, now, before)) or all(map(_same, now, before)))


def _same(now: Any, before: Any) -> bool:
    """Whether both are one object, or the same plain number or word (0.0 is not -0.0, nor is 1 True)."""
    return now is before or (isinstance(before, PLAIN) and type(now) is type(before) and repr(now) == repr(before))


def _may_hold(value: Any) -> bool:
    """Whether an argument is an object that the step may look into."""
    return not isinstance(value, (*PLAIN, Tensor, list, tuple, dict))


def _is_of_library(module: str | None) -> bool:
    return (module or "").split(".")[0] in _LIBRARIES


def _refuse_growing(value: Any) -> None:
    owner = getattr(value, "__self__", None) if isinstance(value, types.BuiltinMethodType) else None
    if isinstance(owner, _CHANGEABLE) and value.__name__ in _GROWING:
        raise NotReplayable(f"it calls .{value.__name__}() on a {type(owner).__name__} from outside the step")
