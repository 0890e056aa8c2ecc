"""Loads what every job needs in the process that the jobs' processes are forked from.

All jobs share its memory, and none waits for it. Nothing here may start a thread or an event loop: a fork has neither.
Where processes are not forked, as on macOS and Windows, `prewarm` loads the same in each of them.
"""

from agent.conversation.pipeline import load_vad
from agent.framework import tls_context
from agent.settings import settings_or_defaults
from agent.state.shared_state import load_state_client

load_vad()
tls_context()
load_state_client(settings_or_defaults())
