"""What becomes of calls when parts of a fleet fail: calls lost, sessions left, and sessions bought twice."""
