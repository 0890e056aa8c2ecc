"""Whether this operating system can run the worker; imports nothing that may be missing here."""

from importlib.util import find_spec

_NO_WORKER = (
    "The worker does not run on Windows itself: run it in WSL 2 (https://learn.microsoft.com/windows/wsl/install) "
    "or with Docker (deploy/README.md). The package `avatar` works on Windows, in an agent of your own."
)


def platform_problem() -> str | None:
    """Return why the worker can't run on this operating system, and what to do; None if it can.

    The worker needs forks, Unix signals and `fcntl`; where that module is missing, all are.
    """
    try:
        return None if find_spec("fcntl") else _NO_WORKER
    except ValueError:  # named in sys.modules, without a module
        return _NO_WORKER
