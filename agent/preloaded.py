"""Loads what every job needs in the process from which the jobs' processes are forked.

All jobs share the loaded memory, and no job waits for loading. Don't start a thread or an event loop here: forks lose
both.
Where processes are not forked, as on macOS and Windows, `prewarm` loads the same in each of them.
"""

from agent.conversation.pipeline import load_vad
from agent.framework import tls_context
from agent.settings import settings_or_defaults
from agent.state.shared_state import load_state_client

load_vad()
tls_context()
load_state_client(settings_or_defaults())
