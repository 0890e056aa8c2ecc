"""The configuration of one call: a typed document, and the settings and persona that result from it."""

from agent.call_config.errors import CallConfigError
from agent.call_config.model import MOST_BYTES, CallConfig, CallLimits, parse_config
from agent.call_config.resolve import resolve

__all__ = ["MOST_BYTES", "CallConfig", "CallConfigError", "CallLimits", "parse_config", "resolve"]
