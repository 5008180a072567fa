"""Random faults of a module: one operator turned, one condition left out, one right given or taken, at a time.

python -m tests.mutations.random_mutants --seed 7 --count 20       # which they are
"""

from __future__ import annotations

import argparse
import ast
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
POLICY = "services/access/domain/permissions.py"

_OTHER_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OTHER_ROLE = {"CASEWORKER": "SUPERVISOR", "SUPERVISOR": "CASEWORKER", "EVALUATOR": "CASEWORKER"}
_OTHER_CALL = {"any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """name: where and what; text: of the whole module with it."""

    name: str
    text: str


Change = Callable[[Any], None]


def mutants_of(source: str) -> list[Mutant]:
    """Every one there is, in the order of the text."""
    tree = ast.parse(source)
    found = []
    decorators = {id(node) for decorator in _decorators(tree) for node in ast.walk(decorator)}
    for index, node in enumerate(ast.walk(tree)):
        for what, change in () if id(node) in decorators else _changes(node):
            mutated = copy.deepcopy(tree)
            target = next(other for number, other in enumerate(ast.walk(mutated)) if number == index)
            before = ast.unparse(target)
            change(target)
            line = getattr(node, "lineno", 0)
            text = ast.unparse(ast.fix_missing_locations(mutated))
            found.append((line, Mutant(f"line {line}: {what}: {before[:90]}", text)))
    return [mutant for _, mutant in sorted(found, key=lambda one: (one[0], one[1].name))]


def random_mutants(source: str, seed: int, count: int) -> list[Mutant]:
    return random.Random(seed).sample(mutants_of(source), count)


def _decorators(tree: ast.AST) -> Iterator[ast.expr]:
    """How a class is made is no rule of the policy."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield from node.decorator_list


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.Compare(ops=ops):
            for index, operator in enumerate(ops):
                other = _OTHER_COMPARISON[type(operator)]
                yield f"{type(operator).__name__} becomes {other.__name__}", _with_operator(index, other())
        case ast.BoolOp(op=operator, values=values):
            other_operator = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield f"{type(operator).__name__} becomes {type(other_operator).__name__}", _set("op", other_operator)
            for index in range(len(values)):
                yield f"condition {index + 1} left out", _without("values", index)
        case ast.UnaryOp(op=ast.Not()):
            yield "not left out", _set("operand", ast.UnaryOp(ast.Not(), node.operand))
        case ast.Set(elts=elements):
            for index in range(len(elements)):
                yield f"element {index + 1} left out", _without("elts", index)
        case ast.Attribute(value=ast.Name(id="Role"), attr=role) if role in _OTHER_ROLE:
            yield f"becomes {_OTHER_ROLE[role]}", _set("attr", _OTHER_ROLE[role])
        case ast.Name(id=name) if name in _OTHER_CALL:
            yield f"becomes {_OTHER_CALL[name]}", _set("id", _OTHER_CALL[name])
        case ast.Constant(value=bool() as value):
            yield "becomes its opposite", _set("value", not value)
        case ast.BinOp(op=ast.Sub()):
            yield "minus becomes plus", _set("op", ast.Add())


def _set(name: str, value: Any) -> Change:
    return lambda node: setattr(node, name, value)


def _with_operator(index: int, operator: ast.cmpop) -> Change:
    return lambda node: node.ops.__setitem__(index, operator)


def _without(name: str, index: int) -> Change:
    return lambda node: getattr(node, name).pop(index)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    wanted = parser.parse_args()
    for mutant in random_mutants((ROOT / POLICY).read_text(), wanted.seed, wanted.count):
        print(mutant.name)
