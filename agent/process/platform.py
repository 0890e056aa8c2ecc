"""Whether this operating system can run the worker; imports nothing that it might not have."""

from importlib.util import find_spec

_NO_WORKER = (
    "The worker does not run on Windows itself: run it in WSL 2 (https://learn.microsoft.com/windows/wsl/install) "
    "or with Docker (deploy/README.md). The package `avatar` works on Windows, in an agent of your own."
)


def platform_problem() -> str | None:
    """What keeps the worker from running on this operating system, and what to do; None where it runs.

    The worker needs forks, Unix signals and `fcntl`; where that module is missing, the others are too.
    """
    try:
        return None if find_spec("fcntl") else _NO_WORKER
    except ValueError:  # named in sys.modules, without a module
        return _NO_WORKER
