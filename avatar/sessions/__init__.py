"""Sessions beyond one call: the journal of possibly running sessions, the sweep of orphaned ones, and hosted rooms."""
