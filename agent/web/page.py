"""The page: what Vite built, as it is."""

import sys
from pathlib import Path

from aiohttp import web

_FOREVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"
# What is in assets/ has its content's hash in its name; the rest keeps its name and changes.

_NOT_BUILT = """<!doctype html>
<html lang="en">
<title>The page is not built</title>
<h1>The page is not built</h1>
<p><code>make setup</code> builds it; then reload this one.</p>
<p><code>POST /api/call</code> gives tokens to join with all the same.</p>
</html>
"""


def built_page() -> Path:
    """The folder that Vite builds: beside the script that runs, in the repository as in the image."""
    return Path(sys.argv[0]).resolve().parent / "web" / "dist"


def add_page(app: web.Application, folder: Path) -> None:
    """Serve a folder's files, and index.html for the root."""
    root = folder.resolve()

    async def file(request: web.Request) -> web.StreamResponse:
        path = _file_in(root, request.match_info["path"] or "index.html")
        if path is not None:
            caching = _FOREVER if path.is_relative_to(root / "assets") else _ASK_FIRST
            return web.FileResponse(path, headers={"Cache-Control": caching})
        if request.match_info["path"]:
            raise web.HTTPNotFound
        return web.Response(text=_NOT_BUILT, content_type="text/html")

    app.router.add_get("/{path:.*}", file)


def _file_in(root: Path, name: str) -> Path | None:
    """The file of this name, if it is one and below the root, also when links are followed."""
    try:
        path = (root / name).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None
