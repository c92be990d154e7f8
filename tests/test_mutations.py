"""A wrong rule is noticed: with one partial of a rule changed, a row of its function fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from row_checks import all_rows, failures, first_derivative
from table import Row

from jacobians import registry
from jacobians.labels import size_of
from jacobians.registry import LocalTerm, Path, Rule
from jacobians.terms import Map

KINDS = ("elementwise", "multilinear", "gather", "local")
"""Rules that state terms; what is composed of them has none of its own."""

RULES = {rule.function: rule for rule in registry.registered().values() if rule.kind in KINDS}
ROWS: dict[Any, list[Row]] = {}
for _rows in all_rows().values():
    for _row in _rows:
        ROWS.setdefault(_row.covers, []).append(_row)

Terms = list[LocalTerm]


def changed(rule: Rule, change: Callable[[Terms], Terms]) -> Rule:
    """The rule with other terms."""
    stated = rule.run
    assert stated is not None

    def run(*args: Any, **kwargs: Any) -> Iterator[LocalTerm]:
        yield from change(list(stated(*args, **kwargs)))

    return rule._replace(run=run, steps=None)  # which state the same terms; `test_steps` compares the two


@contextmanager
def instead(monkeypatch: pytest.MonkeyPatch, rule: Rule) -> Iterator[None]:
    """A rule in place of that of its function."""
    with monkeypatch.context() as patch:
        patch.setitem(registry._RULES, rule.function, rule)
        registry.KNOWN_STEPS.clear()
        yield
    registry.KNOWN_STEPS.clear()


def seen(monkeypatch: pytest.MonkeyPatch, rule: Rule) -> list[Terms]:
    """The terms that the rule yields on the rows of its function."""
    calls: list[Terms] = []

    def note(terms: Terms) -> Terms:
        calls.append(terms)
        return terms

    with instead(monkeypatch, changed(rule, note)):
        assert failures(first_derivative, ROWS[rule.function]) == []
    return calls


def is_noticed(monkeypatch: pytest.MonkeyPatch, rule: Rule, change: Callable[[Terms], Terms]) -> bool:
    """Whether a row of the function fails, tried until the first one does."""
    with instead(monkeypatch, changed(rule, change)):
        return any(failures(first_derivative, [row]) for row in ROWS[rule.function])


def scaled(operand: Path) -> Callable[[Terms], Terms]:
    """One partial is one percent too large; a zero becomes a one."""

    def change(terms: Terms) -> Terms:
        return [
            (n, path, term.replace(scale=1.01 * term.scale or 1.0) if path == operand and is_term(term) else term)
            for n, path, term in terms
        ]

    return change


def is_term(found: Any) -> bool:
    """Whether this is no reason why a result has none."""
    return not isinstance(found, str)


def without_last(terms: Terms) -> Terms:
    """The last of several terms of one result in one operand is lost."""
    doubled = [terms[n] for n in range(len(terms)) if any(terms[n][:2] == terms[k][:2] for k in range(n))]
    return [item for item in terms if not doubled or item is not doubled[-1]]


def shifted(terms: Terms) -> Terms:
    """Every map points to the next position."""
    return [
        (n, path, term.replace(maps=tuple([_next(m) for m in term.maps])) if is_term(term) else term)
        for n, path, term in terms
    ]


def _next(relation: Map) -> Map:
    return Map.of(relation.dst, relation.src, (relation.positions() + 1) % size_of(relation.dst))


def names(functions: Any) -> list[str]:
    return [registry.function_name(function) for function in functions]


@pytest.mark.parametrize("function", RULES, ids=names(RULES))
def test_a_wrong_rule_is_noticed(monkeypatch, function):
    rule = RULES[function]
    if "_rad1" in function.__name__ and not np.any(ROWS[function][0].call(*ROWS[function][0].arrays)):
        pytest.skip("this version of SciPy computes zero")
    calls = seen(monkeypatch, rule)
    paths = {path for terms in calls for _, path, _ in terms}
    assert paths, "no row differentiates it"
    assert [path for path in paths if not is_noticed(monkeypatch, rule, scaled(path))] == []
    if any(len({item[:2] for item in terms}) < len(terms) for terms in calls):
        assert is_noticed(monkeypatch, rule, without_last)
    if any(
        size_of(relation.dst) > 1 for terms in calls for _, _, term in terms if is_term(term) for relation in term.maps
    ):
        assert is_noticed(monkeypatch, rule, shifted)
