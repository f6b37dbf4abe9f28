"""The back-of-the-envelope chain gives the table of ECONOMICS (c)."""

import inspect

import pytest

from policymix.analysis import chain as module
from policymix.analysis.chain import LINKS, ROWS, chain

TABLE = {  # docs/ECONOMICS.md (c): 5 / 50 / 95 %, as printed; None where it prints no figure of its own
    0.1: {
        "paid": ("0.4",) * 3,
        "gross": ("0.6", "1.3", "2.6"),
        "additional_grants": ("0.05", "0.13", "0.29"),
        "attracted": ("0.00", "0.02", "0.08"),
        "share_money": ("0.004", "0.008", "0.013"),
        "share": ("0.01", "0.02", "0.04"),
    },
    0.3: {
        "paid": ("1.3",) * 3,
        "gross": ("1.6", "4.0", "7.9"),
        "additional_grants": ("0.15", "0.40", "0.86"),
        "attracted": ("0.01", "0.06", "0.23"),
        "share_money": ("0.013", "0.023", "0.040"),
        "share": ("0.02", "0.035", "0.06"),
    },
    1.0: {
        "paid": ("4.4",) * 3,
        "gross": ("5", "13", "26"),
        "additional_grants": ("0.5", "1.3", "2.9"),
        "attracted": ("0.05", "0.2", "0.8"),
        "share_money": ("0.04", "0.075", "0.13"),
        "share": ("0.05", "0.09", "0.15"),
    },
    None: {
        "paid": ("0.5", "1.4", "3.9"),
        "gross": ("1.1", "4.1", "15"),
        "additional_grants": ("0.10", "0.40", "1.6"),
        "attracted": ("0.01", "0.07", "0.36"),
        "share_money": ("0.007", "0.024", "0.08"),
        "share": ("0.014", "0.037", "0.09"),
    },
}
MEDIAN, TAIL = 0.10, 0.25
"""The page leaves wear, the value of an offer and the capital of arrivals unsaid: a tenth of a median and a quarter of
a tail, beside half a unit of the last figure printed."""


@pytest.mark.parametrize("paid", TABLE)
def test_the_table_is_reproduced(paid):
    found = chain(paid)
    for name, printed in TABLE[paid].items():
        for value, text, tolerance in zip(found[name], printed, (TAIL, MEDIAN, TAIL), strict=True):
            half = 0.5 * 10.0 ** -len(text.partition(".")[2])
            assert abs(value - float(text)) <= half + tolerance * float(text), (paid, name, value, text)


def test_what_it_says_per_yuan():
    """Additional / gross about 0.06-0.2; core value added 0.10 / 0.19 / 0.33 a year per yuan paid."""
    found = chain()
    assert found["additional_share"] == pytest.approx((0.06, 0.10, 0.2), rel=0.25)
    assert found["value_per_yuan"] == pytest.approx((0.10, 0.19, 0.33), rel=0.12)


def test_every_number_has_a_range_and_a_reason():
    assert len({link.name for link in LINKS}) == len(LINKS)
    source = inspect.getsource(module.chain)
    for link in LINKS:
        assert link.low > 0.0 and link.high > 0.0 and link.why and link.unit
        assert f'of["{link.name}"]' in source, f"{link.name} is not used"
    assert set(chain()) == set(ROWS)


def test_more_draws_or_another_seed_change_little_and_one_more_draw_moves_no_other():
    few, many, other = chain(0.3, 20_000), chain(0.3), chain(0.3, 20_000, 7)
    for name in ROWS:
        assert few[name][1] == pytest.approx(many[name][1], rel=0.02)
        assert other[name][1] == pytest.approx(many[name][1], rel=0.02)
    assert chain(0.3, 20_000) == few


def test_doubling_the_money_doubles_the_money_rows_only():
    one, two = chain(0.3), chain(0.6)
    for name in ("paid", "gross", "additional_grants", "attracted", "share_money"):
        assert two[name] == pytest.approx([2.0 * value for value in one[name]])
    assert two["share"][1] < 2.0 * one["share"][1]
    assert two["additional_share"] == pytest.approx(one["additional_share"])
