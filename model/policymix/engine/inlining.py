"""Writes calls into their callers: the compiler is faster on a few large functions than on hundreds of small ones.

Every function that a compiled one calls is typed, lowered and optimised for itself, and again inside each caller. Two
kinds of call can be written out in the source without changing a number: a function that only returns an expression,
wherever its arguments are cheap to repeat; and a function with one exit that a single statement calls.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeGuard

LARGEST_FUNCTION = 6000
"""Nodes of a function that others are written into: some of the compiler's passes take the square of its length."""

LARGEST_EXPRESSION = 40
"""Nodes of an expression that may be repeated in every caller."""

BUILTINS = frozenset(dir(builtins))

SHORT_FUNCTION = 110
"""Nodes of a function that its callers take in however many they are."""

Functions = dict[str, ast.FunctionDef]
"""Functions by the name that calls them."""


def inlined(
    functions: Mapping[str, ast.FunctionDef], roots: Iterable[str], repeated: Collection[str] = ()
) -> Functions:
    """The functions that the roots still need, with calls written into their callers.

    Parameters
    ----------
    functions : dict
        Every function that may be written out, by the name that calls it. Free names of a function must mean the same
        in every caller.
    roots : names
        Functions that are called from outside.
    repeated : names
        Functions that are written into their only caller however often it calls them.
    """
    roots = list(roots)
    order = callees_first(functions, roots)
    work: Functions = {}
    for name in order:
        tree = copied(functions[name])
        work[name] = _Expressions(tree, work).visit(tree)
    needed = set(callees_first(work, roots))
    work = {name: tree for name, tree in work.items() if name in needed}
    calls = {name: Counter(_calls(tree, work)) for name, tree in work.items()}
    size = {name: sum(1 for _ in ast.walk(tree)) for name, tree in work.items()}
    for name in order:
        callers = [caller for caller in work if calls[caller][name]]
        times = calls[callers[0]][name] if len(callers) == 1 else 0
        if name in roots or times == 0 or (times > 1 and name not in repeated) or not _one_exit(work[name]):
            continue
        caller = callers[0]
        if size[caller] + times * size[name] <= LARGEST_FUNCTION and _write_statement(work[caller], name, work[name]):
            calls[caller] += Counter({called: times * count for called, count in calls[name].items()})
            calls[caller][name] = 0
            size[caller] += times * size.pop(name)
            del work[name], calls[name]
    return work


def copied(part: Any) -> Any:
    """A copy of a tree, or a list of trees, with all below; ``copy.deepcopy`` takes three times as long."""
    if isinstance(part, ast.AST):
        new = type(part).__new__(type(part))
        vars(new).update({name: copied(value) for name, value in vars(part).items()})
        return new
    return [copied(each) for each in part] if isinstance(part, list) else part


def called_once(functions: Mapping[str, ast.FunctionDef], roots: Iterable[str]) -> set[str]:
    """Names of functions with a single call among all that the roots reach, and of short ones.

    The compiler is told to take them into their caller: handing over the many numbers of large tuples costs more than
    what most of them do.
    """
    roots = list(roots)
    reached = callees_first(functions, roots)
    calls = Counter(name for each in reached for name in _calls(functions[each], functions))
    short = {name for name in reached if sum(1 for _ in ast.walk(functions[name])) <= SHORT_FUNCTION}
    return {name for name in reached if calls[name] == 1 or name in short} - set(roots)


def callees_first(functions: Mapping[str, ast.FunctionDef], roots: Iterable[str]) -> list[str]:
    """Names that the roots reach, every function after those it calls."""
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in order:
            for called in _calls(functions[name], functions):
                if called != name:
                    visit(called)
            order[name] = None

    for root in roots:
        visit(root)
    return list(order)


def _calls(tree: ast.AST, functions: Mapping[str, ast.FunctionDef]) -> list[str]:
    """Names of known functions, once for every call."""
    named = (node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    return [name for name in named if name in functions]


def _body(tree: ast.FunctionDef) -> list[ast.stmt]:
    """Statements without the docstring."""
    documented = ast.get_docstring(tree, clean=False) is not None
    return tree.body[1:] if documented else tree.body


def _one_exit(tree: ast.FunctionDef) -> bool:
    exits = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return bool(_body(tree)) and (not exits or (len(exits) == 1 and tree.body[-1] is exits[0]))


def _parameters(tree: ast.FunctionDef) -> list[str]:
    return [each.arg for each in tree.args.args]


def _assigned(tree: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def free_names(tree: ast.FunctionDef) -> set[str]:
    """Names that a function takes from its module."""
    used = {n.id for statement in _body(tree) for n in ast.walk(statement) if isinstance(n, ast.Name)}
    return used - _own_names(tree) - BUILTINS


def _own_names(tree: ast.FunctionDef) -> set[str]:
    return {*_parameters(tree), *_assigned(tree)}


def _fits(call: ast.Call, tree: ast.FunctionDef) -> bool:
    starred = any(isinstance(each, ast.Starred) for each in call.args)
    return not call.keywords and not starred and len(call.args) == len(tree.args.args)


def _cheap(node: ast.expr) -> bool:
    """Whether an argument may be written more than once: a name, a number, an element at a simple position."""
    if isinstance(node, ast.Subscript):
        return _cheap(node.value) and all(isinstance(n, _SIMPLE) for n in ast.walk(node.slice))
    return isinstance(node, ast.Name | ast.Constant) or (isinstance(node, ast.Attribute) and _cheap(node.value))


_SIMPLE = (ast.Name, ast.Constant, ast.BinOp, ast.operator, ast.expr_context, ast.Tuple, ast.Attribute)


class _Renamed(ast.NodeTransformer):
    """Replaces names by expressions, or by other names where they are assigned."""

    def __init__(self, new: Mapping[str, ast.expr]) -> None:
        self.new = new

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.new:
            return node
        new = copied(self.new[node.id])
        if isinstance(new, ast.Name):
            new.ctx = node.ctx
        return new


class _Expressions(ast.NodeTransformer):
    """Replaces calls of functions that only return an expression."""

    def __init__(self, caller: ast.FunctionDef, functions: Functions) -> None:
        self.own, self.functions = _own_names(caller), functions

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        tree = self.functions.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if tree is None:
            return node
        value = _only_expression(tree)
        if value is None or not _fits(node, tree) or free_names(tree) & self.own:
            return node
        uses = Counter(n.id for n in ast.walk(value) if isinstance(n, ast.Name))
        given = dict(zip(_parameters(tree), node.args, strict=True))
        if any(uses[name] != 1 and not _cheap(argument) for name, argument in given.items()):
            return node
        return _Renamed(given).visit(copied(value))


def _only_expression(tree: ast.FunctionDef) -> ast.expr | None:
    """What a function returns when that is all it does, and it is short."""
    body = _body(tree)
    value = body[0].value if body and isinstance(body[0], ast.Return) else None
    return None if value is None or sum(1 for _ in ast.walk(value)) > LARGEST_EXPRESSION else value


class _Statement(ast.NodeTransformer):
    """Replaces one statement that calls a function by what the function does."""

    def __init__(self, caller: ast.FunctionDef, name: str, tree: ast.FunctionDef) -> None:
        self.caller, self.name, self.tree, self.written = caller, name, tree, False

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | list[ast.stmt]:
        return self._written(node, [])

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        return self._written(node, node.targets)

    def _written(self, node: ast.Expr | ast.Assign, targets: list[ast.expr]) -> ast.stmt | list[ast.stmt]:
        call = node.value
        if not _calls_it(call, self.name) or not _fits(call, self.tree):
            return node
        tree, suffix = self.tree, "_in_" + self.name
        if targets and not isinstance(tree.body[-1], ast.Return):
            return node
        assigned = _assigned(tree)
        new: dict[str, ast.expr] = {name: ast.Name(name + suffix, ast.Load()) for name in assigned}
        out: list[ast.stmt] = []
        for parameter, argument in zip(_parameters(tree), call.args, strict=True):
            if parameter not in assigned and isinstance(argument, ast.Name | ast.Constant):
                new[parameter] = argument
            else:
                new[parameter] = ast.Name(parameter + suffix, ast.Load())
                out.append(ast.Assign([ast.Name(parameter + suffix, ast.Store())], argument, lineno=0))
        body = [_Renamed(new).visit(copied(statement)) for statement in _body(tree)]
        if isinstance(body[-1], ast.Return):
            value = body.pop().value
            body.append(ast.Assign(targets, value, lineno=0) if targets else ast.Expr(value))
        self.written = True
        return out + body


def _calls_it(node: ast.expr, name: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _write_statement(caller: ast.FunctionDef, name: str, tree: ast.FunctionDef) -> bool:
    if free_names(tree) & _own_names(caller):
        return False
    writer = _Statement(caller, name, tree)
    writer.visit(caller)
    return writer.written
