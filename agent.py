"""The entry: python agent.py dev | start | console | demo | doctor | sessions | download-files.

`server` is the worker. `python -m livekit.agents` and `lk agent`, which look for one, find it in the package `agent`.
"""

import sys

from agent.process.platform import platform_problem

if __name__ == "__main__" and (problem := platform_problem()):
    sys.exit(problem)

from agent.cli import app, main
from agent.worker import server

__all__ = ["server"]

if __name__ == "__main__":
    try:
        from demo.cli import demo
    except ModuleNotFoundError:  # installed without the extra `demo`
        pass
    else:
        app.command()(demo)
    main()
