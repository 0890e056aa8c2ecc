"""Calls with random faults for half an hour, on a real LiveKit server: `python -m benchmarks.soak`.

The watched process is this one, the agent's side; the LiveKit server and the stand-in are processes of their own.
Between two calls no resources of earlier calls may be left. Linux only: it reads /proc.
"""
