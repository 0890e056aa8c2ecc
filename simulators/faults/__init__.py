"""Faults on demand at the stand-ins: kinds, places, times and frequency, repeatable from a seed.

A `FaultPlan` decides; it is armed in the same process or over HTTP at `/stand-in/faults`. `GET /stand-in/faults/kinds`
lists all kinds:

- requests get an error status, a late answer or none, or their reply is lost, held, truncated or incomplete (`calls`);
- sockets and streams drop, close, go half open, silent, slow, late, out of order, or carry garbage (`sockets`);
- LiveAvatar's sessions are never ready, mute, deaf or ended, its avatars missing from their room (`avatar`).
"""

from __future__ import annotations

from simulators.faults.fault import Fault
from simulators.faults.kinds import KINDS, parse_faults
from simulators.faults.plan import FaultPlan

__all__ = ["KINDS", "Fault", "FaultPlan", "parse_faults"]
