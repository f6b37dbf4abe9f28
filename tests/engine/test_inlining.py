"""Calls written into their callers change the text of a function, never what it does."""

import ast
import threading

import pytest

from policymix.engine import loop
from policymix.engine.inlining import SHORT_FUNCTION, called_once, copied, inlined
from policymix.engine.warm import HALVES

SOURCE = '''
def half(x):
    """Half of it."""
    return 0.5 * x


def square(x):
    return x * x


def fill(a, factor):
    for i in range(len(a)):
        a[i] = factor * half(a[i])
    factor = 0.0


def last(a):
    for i in range(len(a)):
        value = square(a[i])
    return value


def sign(x):
    if x < 0.0:
        return -1.0
    return 1.0


def root(a, i):
    fill(a, 3.0 + i)
    value = last(a)
    return value + square(len(a) + i) + sign(value - i), half, i
'''
TWICE = """
def fill(a, first, factor):
    for i in range(first, len(a)):
        a[i] = factor * a[i]


def other(a):
    return a[0] + 1.0


def root(a, shift):
    fill(a, 0, 2.0)
    fill(a, 1, 3.0)
    return other(a) + other(a) + shift
"""
SHADOWING = """
def scale(x):
    return factor * x


factor = 10.0


def root(factor):
    return scale(factor)
"""


def written(source):
    """The root's text after writing out its calls, and every function still needed."""
    tree = ast.parse(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    left = inlined(functions, ["root"])
    rest = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name in left)]
    return left, "\n".join(ast.unparse(node) for node in [*rest, *left.values()])


def result(source, *arguments):
    space = {}
    exec(source, space)
    value = space["root"](*arguments)
    return value[0] if isinstance(value, tuple) else value


@pytest.mark.parametrize("numbers", [[1.0, 2.0, 3.0], [-4.0]])
@pytest.mark.parametrize("shift", [0.0, 2.5, 100.0])
def test_the_root_gives_the_same(numbers, shift):
    before, after = list(numbers), list(numbers)
    assert result(SOURCE, before, shift) == result(written(SOURCE)[1], after, shift)
    assert before == after != numbers


def test_what_can_be_written_out_is():
    left, _ = written(SOURCE)
    text = ast.unparse(left["root"])
    assert "fill(" not in text and "last(" not in text
    assert "sign(" in text, "two exits cannot be written into an expression"
    assert set(left) == {"root", "square", "sign"}, "square(len(a) + i) would be worked out twice"


def test_a_function_called_twice_is_written_twice_when_asked_for():
    before, after = [1.0, 2.0], [1.0, 2.0]
    tree = ast.parse(TWICE)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert "fill" in inlined(functions, ["root"])
    left = inlined(functions, ["root"], ["fill"])
    assert set(left) == {"root"}
    text = ast.unparse(left["root"])
    assert result(TWICE, before, 0.5) == result(text, after, 0.5)
    assert before == after == [2.0, 12.0]


def test_functions_with_one_call_and_short_ones_are_taken_in():
    long = "def long(x):\n" + "    x = x * 2.0 + 1.0\n" * SHORT_FUNCTION + "    return x\n\n"
    once, often = (long.replace("long", name) for name in ("once", "often"))
    tree = ast.parse(once + often + TWICE.replace("+ shift", "+ once(shift) + often(shift) + often(2.0)"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert called_once(functions, ["root"]) == {"fill", "other", "once"}


def test_a_name_that_means_something_else_in_the_caller_stays_a_call():
    left, text = written(SHADOWING)
    assert "scale(factor)" in ast.unparse(left["root"])
    assert result(SHADOWING, 2.0) == result(text, 2.0) == 20.0


def test_threads_that_import_the_loop_at_once_get_all_of_it(monkeypatch, tmp_path):
    path = tmp_path / "slow_to_import.py"
    path.write_text("import time\ntime.sleep(0.2)\nready = True\n", encoding="utf-8")
    seen = []
    threads = [
        threading.Thread(target=lambda: seen.append(hasattr(loop.import_file("slow_to_import", path), "ready")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 4


def test_a_copy_is_equal_and_shares_no_node():
    tree = ast.parse(SOURCE)
    again = copied(tree)
    assert ast.dump(again, include_attributes=True) == ast.dump(tree, include_attributes=True)
    assert {id(node) for node in ast.walk(tree)}.isdisjoint(id(node) for node in ast.walk(again))
    assert ast.unparse(again) == ast.unparse(tree)


def test_the_two_halves_compile_every_function_once():
    assert sorted([*HALVES[0], *HALVES[1]]) == sorted(loop.COMPILED)
