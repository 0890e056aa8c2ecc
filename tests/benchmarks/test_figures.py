from __future__ import annotations

from benchmarks.figures import Both, Figure, mean, percentile, spread, total


def test_percentile_is_the_nearest_rank() -> None:
    """The order of the values does not matter; without values there is none."""
    values = [float(value) for value in range(100, 0, -1)]

    assert percentile(values, 0.5) == 50.0
    assert percentile(values, 0.95) == 95.0
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([], 0.5) is None


def test_spread_gives_median_and_p95_of_both() -> None:
    """Median and p95 are figures with the number of samples of each side."""
    median, p95 = spread("group", "measure", "ms", Both([4.0, 2.0, 3.0], [1.0]))

    assert median == Figure("group", "measure, median", "ms", 3.0, 1.0, (3, 1))
    assert p95 == Figure("group", "measure, p95", "ms", 4.0, 1.0, (3, 1))


def test_mean_and_total_without_samples() -> None:
    """There is no mean without samples, and their sum is zero."""
    nothing: Both[list[float]] = Both([], [])

    assert mean("group", "measure", "%", nothing) == Figure("group", "measure", "%", None, None, (0, 0))
    assert total("group", "measure", "", nothing) == Figure("group", "measure", "", 0, 0, (0, 0))


def test_ratio_is_by_size_and_none_where_there_is_none() -> None:
    """Ours is divided by the official plugin's; there is no ratio for a missing number or a division by zero."""
    assert Figure("group", "measure", "ms", -4.0, 1.0, (1, 1)).ratio == 0.25
    assert Figure("group", "measure", "ms", 0.0, 1.0, (1, 1)).ratio is None
    assert Figure("group", "measure", "ms", None, 1.0, (0, 1)).ratio is None
