"""Faults on demand: what goes wrong at a stand-in, where, when and how often, from a seed.

A `FaultPlan` decides; it is armed in the same process or over HTTP at `/stand-in/faults`. `GET /stand-in/faults/kinds`
lists what there is:

- calls answer with a status, late, never, or lose, hold, truncate or thin out the reply (`calls`);
- sockets and streams drop, close, go half open, silent, slow, late, out of order, or carry garbage (`sockets`);
- LiveAvatar's sessions are never ready, mute, deaf or ended, its avatars missing from their room (`avatar`).
"""

from __future__ import annotations

from simulators.faults.fault import Fault
from simulators.faults.kinds import KINDS, parse_faults
from simulators.faults.plan import FaultPlan

__all__ = ["KINDS", "Fault", "FaultPlan", "parse_faults"]
