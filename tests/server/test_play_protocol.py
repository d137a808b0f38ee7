"""Messages, settings and frames: what is sent is what the page was told, and everything else is refused."""

import importlib.util
import json
import typing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import FormatError, ValueRangeError
from glassnet.server import commands, frames, messages, properties, reports
from glassnet.server.outbox import Outbox
from glassnet.server.reports import Block
from glassnet.server.session import Limits, Session

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_written_from_the_definition_is_up_to_date():
    spec = importlib.util.spec_from_file_location("make_messages", ROOT / "tools" / "make_messages.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    for path, text in maker.files().items():
        assert path.read_text("utf-8") == text, "run python tools/make_messages.py"


def test_the_page_about_the_protocol_names_every_number_of_a_frame():
    text = (ROOT / "docs" / "play-protocol.md").read_text("utf-8")
    for word in ("GNF1", "GNP1", "GND1", "128", "weights", "gradients", "memory", "scales", "grids", "confusion"):
        assert word in text


def values_of(hint: typing.Any) -> st.SearchStrategy:
    """Values of a type, as JSON has them."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is list:
        return st.lists(values_of(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(st.text(max_size=5), st.integers(-9, 9), max_size=3)
    if arguments:
        return st.one_of(*map(values_of, arguments))
    plain = {
        int: st.integers(-(10**9), 10**9),
        float: st.floats(-1e9, 1e9),
        str: st.text(max_size=9),
        bool: st.booleans(),
    }
    return plain.get(hint, st.none())


@pytest.mark.parametrize("name", messages.COMMANDS)
@settings(max_examples=15)
@given(data=st.data())
def test_every_command_is_read_as_it_was_written(name, data):
    kind = messages.COMMANDS[name]
    fields = {key: data.draw(values_of(hint)) for key, (hint, _) in messages.fields_of(kind).items()}
    assert messages.read(json.dumps({"type": name, **fields})) == kind(**fields)


@given(st.text(max_size=200) | st.binary(max_size=50).map(lambda b: b.decode("latin-1")))
def test_any_text_is_a_command_or_refused(text):
    said = None
    try:
        said = messages.read(text)
    except FormatError as problem:
        said = str(problem)
    assert isinstance(said, commands.Command) or "; expected " in said


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(list(messages.COMMANDS)), st.data())
def test_a_field_of_another_type_is_refused_and_named(name, data):
    known = messages.fields_of(messages.COMMANDS[name])
    fields = {key: data.draw(values_of(hint)) for key, (hint, _) in known.items()}
    if not known:
        return
    key = data.draw(st.sampled_from(sorted(known)))
    fields[key] = data.draw(JSON)
    if messages.fits(fields[key], known[key][0]):
        return
    with pytest.raises(FormatError, match=key):
        messages.read(json.dumps({"type": name, **fields}))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"type": "run", "id": 1, "id": 2}', "twice"),
        ('{"type": "edit", "layer": 1, "unit": 0, "source": null, "value": NaN}', "NaN"),
        ('{"type": "edit", "layer": 1, "unit": 0, "source": null, "value": 1e999}', "float64"),
        ('{"type": "run", "id": true}', "id"),
        ('{"type": "run", "extra": 1}', "extra"),
        ('{"type": "edit", "layer": 1}', "unit"),
        ('{"type": "dance"}', "dance"),
        ('["type", "run"]', "object"),
        ("[" * 100, "brackets"),
        (" " * (messages.MOST_BYTES + 1), "signs"),
    ],
)
def test_hostile_json_is_refused(text, word):
    with pytest.raises(FormatError, match=word):
        messages.read(text)


def test_numbers_that_are_none_are_null_in_reports():
    spread = reports.Stopped("nan", "text", float("nan"))
    assert json.loads(messages.write(spread))["epoch"] is None


def test_every_report_can_be_told_apart():
    assert len(messages.REPORTS) == len(reports.Report.__subclasses__())
    assert not set(messages.REPORTS) & set(messages.COMMANDS)


# ---- settings -----------------------------------------------------------------------------------------------------


def test_every_default_is_allowed_and_every_key_is_its_own():
    state = properties.defaults()
    assert properties.checked(state) == state
    keys = [p.key for p in properties.PROPERTIES]
    assert len(set(keys)) == len(keys) == len(properties.BY_NAME)
    assert all(p.says and p.says[0].isupper() and not p.says.endswith(".") for p in properties.PROPERTIES)


@pytest.mark.parametrize("p", properties.PROPERTIES, ids=lambda p: p.name)
@settings(max_examples=15)
@given(value=JSON)
def test_a_setting_is_what_its_kind_says_or_refused_by_name(p, value):
    if p.kind.holds(value):
        assert properties.checked({p.name: value}) == {p.name: value}
        return
    with pytest.raises(ValueRangeError, match=f"got {p.name} = .*; expected .*. Try "):
        properties.checked({p.name: value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, None, "1", 10**400])
def test_rates_are_finite_numbers(value):
    with pytest.raises(ValueRangeError, match="learning_rate"):
        properties.checked({"learning_rate": value})


def test_a_default_is_not_shared():
    properties.defaults()["hidden"].append(99)
    assert properties.defaults()["hidden"] == [4, 2]


# ---- frames -------------------------------------------------------------------------------------------------------


def test_the_header_says_what_it_was_given(read_header):
    numbers = frames.Numbers(7, 8, 3, 1.5, 40, 0.25, float("nan"), 0.9, 0.8, 0.03, 60.0, 0.001)
    blocks, size = frames.place([("weights", "f32", (3,)), ("grids", "i8", (1, 2, 2))])
    arrays = {"weights": np.array([1.0, -2.0, np.inf]), "grids": np.array([[[1, -2], [3, -128]]])}
    frame = frames.pack(numbers, blocks, size, arrays, np.array([[1.0, 2, 3, 4, 5]]))
    head = read_header(frame)
    assert frame[:4] == b"GNF1"
    assert (head["layout"], head["sequence"], head["flags"], head["epoch"], head["step"]) == (7, 8, 3, 1.5, 40)
    assert (head["train_loss"], head["penalty"], head["curve"]) == (0.25, 0.001, 1)
    assert np.isnan(head["test_loss"])
    assert frames.HEADER_TYPE.itemsize <= frames.HEADER_BYTES
    assert np.frombuffer(frame, "<f4", 3, blocks[0].offset).tolist() == [1.0, -2.0, np.inf]
    assert np.frombuffer(frame, "i1", 4, blocks[1].offset).tolist() == [1, -2, 3, -128]
    assert np.frombuffer(frame, "<f8", 5, size).tolist() == [1, 2, 3, 4, 5]


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(frames.DTYPES)), st.lists(st.integers(0, 5), min_size=1, max_size=3)),
        max_size=6,
    )
)
def test_arrays_lie_apart_at_multiples_of_eight(shapes):
    blocks, size = frames.place([(f"a{i}", dtype, shape) for i, (dtype, shape) in enumerate(shapes)])
    at = frames.HEADER_BYTES
    for block in blocks:
        assert isinstance(block, Block)
        assert block.offset >= at
        assert block.offset % 8 == 0
        at = block.offset + frames.DTYPES[block.dtype].itemsize * int(np.prod(block.shape))
    assert size >= at


@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_small_numbers_stand_for_large_ones(values):
    row = np.array([values], np.float32)
    scale, small = frames.quantised(row)
    finite = np.isfinite(row[0])
    assert (small[0][~finite] == -128).all()
    back = small[0][finite] * (float(scale[0]) / 127)
    with np.errstate(all="ignore"):
        assert (abs(back - row[0][finite].astype(float)) <= scale[0] / 250 + 1e-36).all()


@pytest.mark.parametrize("units", [1, 2, 3, 16])
def test_pixels_of_filters_begin_at_a_multiple_of_eight_bytes(units):
    weights = np.random.default_rng(units).normal(size=(units, 6)).astype(np.float32)
    message = frames.pack_filters(weights, 3, 2, 1.5)
    assert message[:4] == b"GND1"
    assert np.frombuffer(message, "<u4", 3, 4).tolist() == [units, 3, 2]
    assert np.frombuffer(message, "<f8", 1, 16) == 1.5
    scale = np.frombuffer(message, "<f4", units, 24)
    begin = 24 + -(-4 * units // 8) * 8
    small = np.frombuffer(message, np.int8, offset=begin).reshape(units, 6)
    np.testing.assert_allclose(small * scale[:, None] / 127, weights, atol=abs(weights).max() / 250)


def test_fields_are_in_the_headers_order():
    assert list(frames.Numbers._fields) == [name for name, _, _ in frames.HEADER][1:-2]


# ---- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ('{"type": "stp", "id": 7}', 7), ('{"type": "step", "grain": "year", "id": 8}', 8),
        ('{"type": "step", "speed": NaN, "id": 9}', 9), ('{"id": 10}', 10), ('{"id": true}', None),
        ('{"type": "run", "id": "11"}', None), ("[1]", None), ("{", None), ("[" * 9000, None),
    ],
)  # fmt: skip
def test_what_is_no_command_is_refused_with_its_id(text, id):
    session, outbox = Session("name", Limits(), {"points": 20, "resolution": 10}), Outbox(lambda: None)
    session.attach(outbox)
    assert session.hear(text)
    session.turn()
    said = [json.loads(item) for item in outbox.take() if isinstance(item, str)]
    [report] = [r for r in said if r["type"] == "refusal"]
    assert report["id"] == id
