"""Sessions beyond one call: the journal of those that may run, the sweep of what was left, and hosted rooms."""
