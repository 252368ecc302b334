# SPDX-License-Identifier: Apache-2.0
"""statistics_of_time: can two kinds of answers be told apart by how long they take?"""
import math


def mann_whitney(first, second):
    """The rank test of Mann and Whitney, ties counted. Returns (auc, p): how often a value of the first is below one of
    the second, 0.5 being a coin; and the chance of an auc as far from it when both are of one kind."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    n, m, ranks, ties, at = len(first), len(second), 0.0, 0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        ranks += sum(1 for _, kind in ranked[at:end] if kind == 0) * (at + end + 1) / 2
        ties += (end - at) ** 3 - (end - at)
        at = end
    u = ranks - n * (n + 1) / 2  # pairs in which the first is the larger
    total = n + m
    spread = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    z = (u - n * m / 2) / spread if spread else 0.0
    return 1 - u / (n * m), math.erfc(abs(z) / math.sqrt(2))


def summary(name, values):
    values = sorted(values)
    low, middle, high = (values[int(len(values) * q)] for q in (0.05, 0.5, 0.95))
    return f"{name:8} n={len(values)} 5% {low * 1e3:7.2f} ms  median {middle * 1e3:7.2f} ms  95% {high * 1e3:7.2f} ms"
