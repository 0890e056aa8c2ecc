"""Calls while parts of a fleet fail: calls lost, sessions left, and sessions paid for twice."""
