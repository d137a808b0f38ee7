"""Numbers with signs, units and points between thousands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.dialect import MISSING
from glassnet.data.quantities import quantity, read_quantities, with_unit
from glassnet.data.table import read_table

NUMBERS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False)


def column(*words, decimal="."):
    found = read_quantities(np.array([word.encode() for word in words]), decimal, MISSING)
    return None if found is None else (found[0].tolist(), found[1])


@given(
    NUMBERS, st.sampled_from(["", "$", "€ ", "CHF "]), st.sampled_from([",", " ", "'", "\u00a0", "\u202f", "\u2019"])
)
def test_thousands_and_money(number, before, group):
    text = f"{abs(number):,.2f}".replace(",", group)
    word = f"{'-' if number < 0 else ''}{before}{text}"
    value, unit, between = quantity(word)
    assert value == float(number)
    assert unit == (f"{before}#" if before else "")
    assert between == (group if abs(number) >= 1000 else "")


@given(NUMBERS, st.sampled_from(["%", " %", " kg", "m²", " km/h", "€"]))
def test_units_behind_and_a_decimal_comma(number, after):
    text = f"{number:,.2f}".replace(",", "x").replace(".", ",").replace("x", ".")
    assert quantity(text + after, ",")[:2] == (float(number), f"#{after}")


@given(NUMBERS)
def test_a_loss_in_parentheses_and_a_true_minus(number):
    text = f"{abs(number):,.2f}"
    assert quantity(f"({text})")[0] == quantity(f"\u2212{text}")[0] == -float(abs(number))


@pytest.mark.parametrize(
    "word",
    ["", "x", "1,2", "1,23,456", "12,34", "1.2.3", "1,234 567", "--5", "(5", "5)", "$5€", "1st", "3x", "B12", "1:99"],
)  # fmt: skip
def test_what_is_no_quantity(word):
    assert quantity(word) is None


def test_a_column_has_one_unit_and_one_sign_between_thousands():
    assert column("$1,200", "0", "NA", "$5")[1] == "$#"
    assert column("$1,200", "€5") is None
    assert column("$1,200", "5") is None
    assert column("1,200", "1'200") is None
    assert column("5 A", "7 B") is None
    assert column("1,200", "7") == ([1200.0, 7.0], "")
    assert column("08:30", "23:59:30.5")[0] == pytest.approx([8.5, 23 + 59 / 60 + 30.5 / 3600])


@given(st.integers(-(10**6), 10**6))
def test_a_number_is_written_with_its_unit_as_it_was_read(number):
    for word in (f"{number} kg", f"{number}%"):
        value, unit, _ = quantity(word)
        assert with_unit(str(int(value)), unit) == word


@given(st.text(max_size=20), st.sampled_from([".", ","]))
def test_no_cell_makes_it_stumble(word, decimal):
    found = quantity(word, decimal)
    assert found is None or isinstance(found[0], float)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("gap", ["", "k.A.", "NA"])
def test_a_decimal_comma_is_found_where_every_number_has_its_unit(tmp_path, encoding, gap):
    path = tmp_path / "t.csv"
    path.write_text(f"name;income\na;16.999,09 €\nb;{gap}\nc;900,5 €\nd;1.200 €\n", encoding)
    income = read_table(path)["income"]
    assert (income.kind, income.unit) == ("number", "# €")
    assert income.values[[0, 2, 3]].tolist() == [16999.09, 900.5, 1200.0]
    assert income.missing.tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("1,200 €", "2,400 €"), [1200, 2400]),  # between thousands
        (("1.5 €", "2.25 €"), [1.5, 2.25]),
        (("192.168.100.200", "10.168.100.201"), None),  # no comma: addresses say nothing of commas
    ],
)
def test_a_point_stays_decimal_beside_such_columns(tmp_path, cells, values):
    path = tmp_path / "t.csv"
    path.write_text("x;y\n" + "".join(f"{cell};{i}.5\n" for i, cell in enumerate(cells)), "utf-8")
    table = read_table(path)
    assert table["y"].values.tolist() == [0.5, 1.5]
    assert values is None or table["x"].values.tolist() == values
