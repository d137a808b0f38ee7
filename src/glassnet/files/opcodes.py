"""The object notation inside PyTorch's files, read as data: opcodes are recognised, never run.

The notation is a program for a stack machine that can, in general, call anything that can be imported. Here the
machine knows the opcodes that build plain values, and for the rest a closed table: a name that is in the table becomes
a `Named`, calling it makes a `Call`, and both are inert records for the caller to understand. Any other name, and any
other opcode, is an error. Nothing is imported, looked up, or called, whatever the file says.

Reference: G. van Rossum, T. Peters, "PEP 307", 2003; A. Pitrou, "PEP 3154", 2011, and "PEP 574", 2018.
"""

import struct
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, NoReturn

from glassnet.errors import FormatError, complain

MOST_BYTES = 8 << 20
_MOST_STEPS = 500_000  # about 40 a tensor; each makes one small object at most
_LONGEST_NAME = 200
_NEWEST = 5
_STOP = b"."
_SAVE = "Try torch.save(model.state_dict(), 'model.pt')"


class Named(NamedTuple):
    """A name of the closed table."""

    name: str


class Call(NamedTuple):
    """What the file would have a name of the table called with."""

    name: str
    arguments: tuple[Any, ...]


class Reference(NamedTuple):
    """Something that the file keeps outside the notation: a storage."""

    key: Any


def read_opcodes(data: bytes, allowed: Collection[str], source: str) -> Any:
    """The value that the notation describes: dicts, lists, tuples, text, numbers, and the records above.

    Raises:
        FormatError: damage, an opcode beyond plain values, a name that is not `allowed`, or too much of either.

    >>> read_opcodes(b"\\x80\\x02}X\\x04\\x00\\x00\\x00biasK\\x07s.", allowed=(), source="a.pt")
    {'bias': 7}
    >>> read_opcodes(b"cos\\nsystem\\n)R.", allowed=(), source="a.pt")
    Traceback (most recent call last):
    glassnet.errors.FormatError: a.pt: got the name os.system; expected tensors in plain dicts. Try
    torch.save(model.state_dict(), 'model.pt').
    """
    return _Machine(data, allowed, source).run()


class _Mark:
    """Where a group of items starts on the stack."""


_MARK = _Mark()


class _Machine:
    """A stack, a memo and a place in the bytes."""

    def __init__(self, data: bytes, allowed: Collection[str], source: str) -> None:
        self.data = data
        self.allowed = allowed
        self.source = source
        self.at = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        if len(self.data) > MOST_BYTES:
            self.refuse(f"{len(self.data):,} bytes of notation", f"at most {MOST_BYTES:,}")
        steps = 0
        while (opcode := self.take(1)) != _STOP:
            step = _STEPS.get(opcode)
            if step is None:
                self.refuse(f"the opcode 0x{opcode.hex()}, which may make objects", "tensors in plain dicts")
            steps += 1
            if steps > _MOST_STEPS:
                self.refuse(f"more than {_MOST_STEPS:,} steps", "fewer")
            step(self)
        return self.result()

    def result(self) -> Any:
        value = self.pop()
        if self.stack or self.at != len(self.data):
            self.refuse("an end before the end", "one value")
        return value

    def refuse(self, got: str, expected: str, hint: str = _SAVE) -> NoReturn:
        raise FormatError(complain(f"{self.source}: got {got}", f"expected {expected}", hint))

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            self.refuse("the end inside the notation", "the rest of it", "Try copying the file again")
        self.at += count
        return piece

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self, count: int) -> str:
        try:
            return self.take(count).decode("utf-8")
        except UnicodeDecodeError:
            self.refuse("text that is not UTF-8", "UTF-8")

    def line(self) -> str:
        end = self.data.find(b"\n", self.at, self.at + _LONGEST_NAME)
        if end < 0:
            self.refuse("a name without an end", f"at most {_LONGEST_NAME} bytes")
        line = self.text(end - self.at)
        self.at += 1
        return line

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self, kind: type = object) -> Any:
        value = self.stack.pop() if self.stack else _MARK
        if value is _MARK or (kind is not object and type(value) is not kind):
            self.refuse("a step without what it works on", "what torch.save writes")
        return value

    def top(self, kind: type = object) -> Any:
        value = self.pop(kind)
        self.push(value)
        return value

    def group(self) -> list[Any]:
        """The items since the last mark, taken off with it."""
        place = len(self.stack) - 1
        while place >= 0 and self.stack[place] is not _MARK:
            place -= 1
        if place < 0:
            self.refuse("a group without a start", "what torch.save writes")
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def last(self, count: int) -> list[Any]:
        return [self.pop() for _ in range(count)][::-1]

    def name(self, module: str, name: str) -> None:
        full = f"{module}.{name}"
        if full not in self.allowed:
            shown = full if full.isprintable() else ascii(full)
            hint = "Try .float() on it before torch.save" if module == "torch" else _SAVE
            self.refuse(f"the name {shown[:_LONGEST_NAME]}", "tensors in plain dicts", hint)
        self.push(Named(full))

    def remember(self, place: int) -> None:
        self.memo[place] = self.top()

    def recall(self, place: int) -> None:
        if place not in self.memo:
            self.refuse(f"a memory of what was never seen ({place:,})", "what torch.save writes")
        self.push(self.memo[place])

    def set_items(self, items: list[Any]) -> None:
        target = self.top(dict)
        if len(items) % 2:
            self.refuse("a key without a value", "what torch.save writes")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Only keys that hash in no time: tuples inside tuples could keep the machine busy for ever.
            if type(key) not in (str, int, float, bool):
                self.refuse(f"a key of the type {type(key).__name__}", "text or numbers")
            target[key] = value

    def add_items(self, items: list[Any]) -> None:
        self.top(list).extend(items)

    def call(self) -> None:
        arguments, target = self.pop(tuple), self.pop(Named)
        is_dict = target.name == "collections.OrderedDict" and not arguments
        self.push({} if is_dict else Call(target.name, arguments))

    def set_state(self) -> None:
        """An OrderedDict's attributes (`_metadata` in a state dict) are dropped."""
        self.pop()
        self.top(dict)


def _little(machine: _Machine) -> int:
    return int.from_bytes(machine.take(machine.number("<B")), "little", signed=True)


def _protocol(machine: _Machine) -> None:
    version = machine.number("<B")
    if version > _NEWEST:
        machine.refuse(f"notation of version {version}", f"up to {_NEWEST}")


def _stack_name(machine: _Machine) -> None:
    name, module = machine.pop(str), machine.pop(str)
    machine.name(module, name)


# m is the machine. Letters and their long names: PEP 307, PEP 3154.
_STEPS: dict[bytes, Callable[[_Machine], Any]] = {
    b"\x80": _protocol,
    b"\x95": lambda m: m.take(8),  # FRAME: how much to read at once
    b"(": lambda m: m.push(_MARK),
    b"0": lambda m: m.pop(),
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"J": lambda m: m.push(m.number("<i")),  # BININT
    b"K": lambda m: m.push(m.number("<B")),
    b"M": lambda m: m.push(m.number("<H")),
    b"\x8a": lambda m: m.push(_little(m)),  # LONG1
    b"G": lambda m: m.push(m.number(">d")),  # BINFLOAT
    b"X": lambda m: m.push(m.text(m.number("<I"))),  # BINUNICODE
    b"\x8c": lambda m: m.push(m.text(m.number("<B"))),
    b"\x8d": lambda m: m.push(m.text(m.number("<Q"))),
    b"B": lambda m: m.push(m.take(m.number("<I"))),  # BINBYTES
    b"C": lambda m: m.push(m.take(m.number("<B"))),
    b"]": lambda m: m.push([]),
    b"a": lambda m: m.add_items([m.pop()]),
    b"e": lambda m: m.add_items(m.group()),
    b")": lambda m: m.push(()),
    b"t": lambda m: m.push(tuple(m.group())),
    b"\x85": lambda m: m.push(tuple(m.last(1))),
    b"\x86": lambda m: m.push(tuple(m.last(2))),
    b"\x87": lambda m: m.push(tuple(m.last(3))),
    b"}": lambda m: m.push({}),
    b"s": lambda m: m.set_items(m.last(2)),
    b"u": lambda m: m.set_items(m.group()),
    b"q": lambda m: m.remember(m.number("<B")),  # BINPUT
    b"r": lambda m: m.remember(m.number("<I")),
    b"\x94": lambda m: m.remember(len(m.memo)),  # MEMOIZE
    b"h": lambda m: m.recall(m.number("<B")),  # BINGET
    b"j": lambda m: m.recall(m.number("<I")),
    b"c": lambda m: m.name(m.line(), m.line()),  # GLOBAL
    b"\x93": _stack_name,  # STACK_GLOBAL
    b"R": lambda m: m.call(),  # REDUCE
    b"b": lambda m: m.set_state(),  # BUILD
    b"Q": lambda m: m.push(Reference(m.pop())),  # BINPERSID
}
