"""The page: the files that Vite built, compressed if there is a compressed copy next to them."""

import sys
from pathlib import Path

from aiohttp import web

# The names of files in assets/ have a hash of the content; other files change under the same name.
_FOREVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"

# The script that other sites load.
_WIDGET = "widget.js"
_FOR_OTHER_SITES = {"Cross-Origin-Resource-Policy": "cross-origin"}

_NOT_BUILT = """<!doctype html>
<html lang="en">
<title>The page is not built</title>
<h1>The page is not built</h1>
<p>Run <code>make setup</code> to build it, then reload.</p>
<p>Other clients can get a token without it: <code>POST /api/call</code>.</p>
</html>
"""


def built_page() -> Path:
    """Return the folder that Vite builds, next to the running script both in the repository and in the image."""
    return Path(sys.argv[0]).resolve().parent / "web" / "dist"


def add_page(app: web.Application, folder: Path) -> None:
    """Serve a folder's files, and index.html for the root."""
    root = folder.resolve()

    async def file(request: web.Request) -> web.StreamResponse:
        path = _file_in(root, request.match_info["path"] or "index.html")
        if path is not None:
            caching = _FOREVER if path.is_relative_to(root / "assets") else _ASK_FIRST
            own = _FOR_OTHER_SITES if path == root / _WIDGET else {}
            return web.FileResponse(path, headers={"Cache-Control": caching, **own})
        if request.match_info["path"]:
            raise web.HTTPNotFound
        return web.Response(text=_NOT_BUILT, content_type="text/html")

    app.router.add_get("/{path:.*}", file)


def _file_in(root: Path, name: str) -> Path | None:
    """Return the file of this name; None unless it is below the root, also after following links."""
    try:
        path = (root / name).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None
