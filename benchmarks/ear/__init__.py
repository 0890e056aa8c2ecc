"""The caller's experience and the cost of whole calls: the official plugin's documented worker and ours."""
