"""The entry point: python agent.py dev | start | web | console | demo | doctor | eval | sessions | download-files.

`server` is the worker. `python -m livekit.agents` and `lk agent` look for one, and find it in the package `agent`.
"""

import os
import signal
import sys

if __name__ == "__main__":
    # Set before the imports, which take seconds: the first process of a container gets only signals that it handles.
    # No work has begun yet that needs an orderly end; a command that needs one sets its own handler.
    signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))

from agent.process.platform import platform_problem

if __name__ == "__main__" and (problem := platform_problem()):
    sys.exit(problem)

if __name__ == "__main__" and sys.argv[1:2] == ["web"]:
    # Before the worker's imports: the page needs neither the worker nor its models.
    from agent.web.command import main as web

    web()
    sys.exit()

from agent.cli import app, main
from agent.worker import server

__all__ = ["server"]

if __name__ == "__main__":
    try:
        from demo.cli import demo
    except ModuleNotFoundError:
        # Installed without the extra `demo`.
        pass
    else:
        app.command()(demo)
    main()
