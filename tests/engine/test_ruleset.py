"""A rule set of one's own on the engine's machinery: it computes what its rules say, and a broken one is refused."""

import sys
from pathlib import Path

import numpy as np
import pytest

from policymix.engine import ruleset
from policymix.engine.ruleset import Rule, rule_set
from policymix.errors import InvalidValue, NotFound, RunFailed

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import counting
from firmstep import in_engine, in_numpy, spec

SMALL = '''
"""Firms of two groups grow by luck; every tenth leaves; the larger half of what a group lost enters anew."""
import numpy as np
from policymix.engine.ruleset import Rule
from policymix.engine.streams import finalise

TENTH = 0.1
FIRST = np.uint64(1)


def luck(key, firm, quarter):
    return finalise(finalise(key + firm) + quarter)


def uniform(word):
    return np.float64(word >> np.uint64(11)) * 2.0**-53


def grown(size, rate, u):
    return size * (1.0 + rate * u)


def leaves(alive, u):
    return alive if u < TENTH else 0.0


def less(a, b):
    return a - b


def product(a, b):
    return a * b


def same(x):
    return 0.0 + x


def odd(firm):
    return np.float64(firm & FIRST)


def looked_up(table, group):
    return table[int(group)]


def newcomers(sums, quarter):
    return int(sums[0, 1] + sums[1, 1]) // 2


def feed_back(sums, tempo):
    for group in range(tempo.size):
        tempo[group] = 0.01 * sums[group, 1]


COLUMNS = {"size": "float64", "group": "uint8", "alive": "uint8"}
GROUP, GROUPS = "group", 2
WORDS = ("word",)
PARAMETERS = ("rate",)
TABLES = ("tempo",)
STAGES = (
    (Rule("word", luck),),
    (Rule("extra", looked_up, ("tempo", "group")),),
    (
        Rule("u", uniform, ("word",)),
        Rule("gone", leaves),
        Rule("size", grown, ("size", "rate", "u")),
        Rule("size", grown, ("size", "extra", 1.0)),
        Rule("alive", less, ("alive", "gone")),
    ),
)
OUTPUTS = (Rule("total", product, ("alive", "size")), Rule("exits", same, ("gone",)))
ENTRY = ((Rule("size", same, (2.0,)), Rule("group", odd), Rule("alive", same, (1.0,))),)
ENTRY_OUTPUTS = (Rule("entries", same, ("alive",)),)
'''


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Write a rule set that can be imported, with some of its text replaced; gives its name."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def write(name, *changes):
        text = SMALL
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        names.append(name)
        return name

    yield write
    for name in names:
        sys.modules.pop(name, None)


def by_hand(firms, slots, quarters, key, rate):
    """What the small rule set says, one firm after another in plain Python."""
    mask = (1 << 64) - 1

    def scattered(x):
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & mask
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB & mask
        return x ^ (x >> 31)

    size, group, alive = [1.0] * firms, [slot // 100 % 2 for slot in range(firms)], [1] * firms
    out, tempo = np.zeros((quarters, 2, 3)), [0.0, 0.0]
    for quarter in range(quarters):
        for slot in range(len(size)):
            u = (scattered((scattered((key + slot) & mask) + quarter) & mask) >> 11) * 2.0**-53
            gone = alive[slot] if u < 0.1 else 0
            size[slot] *= (1.0 + rate * u) * (1.0 + tempo[group[slot]])
            alive[slot] -= gone
            out[quarter, group[slot]] += alive[slot] * size[slot], gone, 0
        tempo = [0.01 * out[quarter, g, 1] for g in range(2)]
        for _ in range(min(int(out[quarter, :, 1].sum()) // 2, slots - len(size))):
            out[quarter, len(size) % 2, 2] += 1
            group.append(len(size) % 2)
            size.append(2.0)
            alive.append(1)
    return out, len(size)


@pytest.mark.parametrize("firms", [1, 127, 300, 700])
def test_a_rule_set_computes_what_its_rules_say(study, firms):
    name = study("study_small")
    rules, slots, quarters = rule_set(name), 720, 4
    _, columns = ruleset.new_columns(rules, slots)
    columns["size"][:firms], columns["alive"][:firms] = 1.0, 1
    columns["group"][:firms] = np.arange(firms) // 100 % 2
    out, tables = np.zeros((quarters, 2, 3)), {"tempo": np.zeros(2)}
    used = ruleset.run(name, 17, firms, np.full((quarters, 1), 0.5), columns, tables, ruleset.new_scratch(rules), out)
    want, there = by_hand(firms, slots, quarters, 17, 0.5)
    np.testing.assert_allclose(out, want, rtol=1e-12)
    assert used == there
    assert rules.outcomes() == ("total", "exits", "entries")
    assert rules.bytes_per_firm() == 10


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"uint8", "alive": "uint8"}', '"uint8", "alive": "boolean"}', "COLUMNS > alive: found dtype 'boolean'"),
        ('"alive": "uint8"}', '"living": "uint8"}', "COLUMNS: no column 'alive'. There are: living"),
        ('GROUP, GROUPS = "group", 2', 'GROUP, GROUPS = "size", 2', "found size of float64; expected a whole-number"),
        ('GROUP, GROUPS = "group", 2', 'GROUP, GROUPS = "group", 0', "GROUPS: found 0"),
        (
            '("size", "rate", "u")',
            '("size", "rates", "u")',
            r"STAGES\[2\] > size: no row, .* 'rates'; did you mean 'rate'",
        ),
        ('("size", "rate", "u")', '("size", "rate")', "found 2 arguments; expected 3, as grown takes"),
        ('Rule("gone", leaves)', 'Rule("rate", leaves)', "found a rule that gives rate"),
        ('Rule("gone", leaves)', 'Rule("gone", np.floor)', "expected Rule"),
        ('("alive", "size")), Rule("exits"', '("alive", "size")), Rule("total"', "found total twice"),
        ('Rule("group", odd), ', "", "ENTRY: found nothing gives group"),
        (
            "def newcomers(sums, quarter)",
            "def newcomers(sum, quarter)",
            "newcomers: no table 'sum'; did you mean 'sums'",
        ),
        ("def feed_back(", "def fed_back(", "found no feed_back"),
        ('PARAMETERS = ("rate",)', 'PARAMETERS = ("rate", "size")', "two things called size"),
    ],
)
def test_a_broken_rule_set_is_refused(study, old, new, words):
    name = study(f"study_broken_{abs(hash((old, new)))}", (old, new))
    with pytest.raises((InvalidValue, NotFound), match=words) as caught:
        rule_set(name)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("firms", "quarters", "group", "words"),
    [
        (3, 2, 2, "group: found 2; expected groups 0 to 1"),
        (9, 2, 0, r"found 9 firms in \[8\] slots"),
        (3, 1, 0, r"out: found shape \(2, 2, 3\); expected \(1, 2, 3\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(study, firms, quarters, group, words):
    name = study("study_of_arrays")
    _, columns = ruleset.new_columns(rule_set(name), 8)
    columns["group"][:] = group
    arrays = (columns, {"tempo": np.zeros(2)}, ruleset.new_scratch(rule_set(name)), np.zeros((2, 2, 3)))
    with pytest.raises(InvalidValue, match=words):
        ruleset.run(name, 1, firms, np.zeros((quarters, 1)), *arrays)


def test_a_rule_set_that_is_not_there_is_refused():
    with pytest.raises(RunFailed, match="no such module"):
        rule_set("no_such_study.rules")


def test_a_rule_takes_what_its_arguments_are_called():
    def grown(size, rate):
        return size * rate

    assert Rule("size", grown).arguments() == ("size", "rate")
    assert Rule("size", grown, ("size", 2.0)).arguments() == ("size", 2.0)


def test_operations_of_the_reference_rule_set_are_counted():
    count = counting.of_reference(50)
    assert {kind: count[kind] for kind in ("exp", "log", "cos", "sqrt", "hash", "div")} == {
        "exp": 7, "log": 4, "cos": 1, "sqrt": 1, "hash": 6, "div": 5,
    }  # fmt: skip
    assert 300 < count["simple"] < 400


@pytest.mark.slow
def test_the_reference_rule_set_agrees_with_numpy():
    assert rule_set(in_engine.RULES).bytes_per_firm() == 47
    assert set(rule_set(in_engine.RULES).outcomes()) == set(spec.OUTPUTS)
    mixes = spec.mixes(2)
    for firms in (37, 1000):
        begins = [in_engine.start(firms, 5, replicate) for replicate in range(2)]
        one, two = (in_engine.in_order(in_engine.run(begins, mixes, threads)) for threads in (1, 2))
        firsts = [spec.first_firms(firms, 5, replicate) for replicate in range(2)]
        want = in_numpy.run(firms, [begin.key for begin in begins], firsts, mixes)
        assert np.array_equal(one, two)
        assert (np.abs(one - want) <= 1e-9 * np.maximum(1.0, np.abs(want))).all()
        if firms == 1000:
            assert (one.sum((0, 1, 2, 3)) > 0).all()
