# The worker:     docker build -t liveavatar-agent .
# The stand-ins:  docker build -t liveavatar-stand-ins --target stand-ins .
# The cache mounts need BuildKit, which has been the default builder since Docker 23.0.

# Images are pinned by digest, so that a rebuild gives the same image; deploy/README.md says how to change them.
FROM python:3.13.15-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285 AS base
# PYTHONSAFEPATH: the code is the installed package. Without it `python agent.py` would search its own folder first,
# and take agent.py for the package `agent`.
# HOME: the only directory that is writable when the root file system is read-only.
ENV PATH="/app/.venv/bin:$PATH" \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
WORKDIR /app


FROM base AS libraries
COPY --from=ghcr.io/astral-sh/uv:0.13.0@sha256:cdc6093146eb3ff6a40107b38f008b789e050e77ad87865e381d9917da55a168 /uv /bin/
# copy: the cache mount is another file system, to which hard links are impossible. never: use the image's own Python.
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    UV_CACHE_DIR=/var/cache/uv
# The dependencies change rarely and are big: they have their own layer, rebuilt only when the lock file changes.
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/var/cache/uv \
    uv sync --locked --no-dev --no-install-project


# The service's own wheel holds `agent` and `avatar`; the demo and the stand-ins are not in any wheel.
FROM libraries AS build
COPY README.md LICENSE THIRD_PARTY_NOTICES.md ./
COPY agent/ agent/
COPY avatar/ avatar/
RUN --mount=type=cache,target=/var/cache/uv \
    uv sync --locked --no-dev --no-editable
# The only model that the worker runs itself by default is Silero's, which is inside its wheel, so there is nothing to
# download (`python -m livekit.agents download-files` does nothing for these plugins). Loading it proves that it is
# there.
RUN python -c "from livekit.plugins import silero; silero.VAD.load()"


FROM libraries AS build-stand-ins
RUN --mount=type=cache,target=/var/cache/uv \
    uv sync --locked --no-dev --no-install-project --extra demo
COPY simulators/ simulators/
RUN python -m compileall -q simulators


# The stand-ins for the vendors, for trying things without a key; not for production.
FROM base AS stand-ins
# The stand-ins run from their sources.
ENV PYTHONPATH=/app
COPY --from=build-stand-ins /app/.venv /app/.venv
COPY --from=build-stand-ins /app/simulators simulators/
USER 10001:10001
EXPOSE 7900
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7900/', timeout=4)"]
CMD ["python", "-m", "simulators", "--host", "0.0.0.0", "--port", "7900"]


# The page: built by Node.js, which is not in the final image.
FROM node:24.19.0-trixie-slim@sha256:0711b541c1c33a8a530ac4f0d391baa9a15b3d804695b1b24a47daa5fb60e74d AS build-page
WORKDIR /page
COPY web/ ./
RUN --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund
# Each file gets a compressed copy next to it, which the page's server sends to browsers that accept it.
RUN npm run build && \
    find dist -type f -regex '.*\.\(css\|html\|js\|json\|mjs\|svg\|txt\|wasm\|webmanifest\)' -exec gzip -9 -k -n {} +


# A small init: it forwards signals to the worker, and reaps orphaned processes.
FROM base AS init
RUN apt-get update && \
    apt-get install -y --no-install-recommends tini && \
    rm -rf /var/lib/apt/lists/*


# The last stage, so that a plain `docker build` makes this one.
FROM base AS worker
COPY --from=build /app/.venv /app/.venv
COPY --from=build-page /page/dist/ web/dist/
COPY agent.py LICENSE THIRD_PARTY_NOTICES.md ./
COPY --from=init /usr/bin/tini /usr/bin/tini
# Started avatar sessions are noted here, so that the next worker stops those of a killed one: the directory has to
# outlive the container. No VOLUME: an anonymous one would only hide that none was mounted. A new named volume takes its
# owner from here. Group 0 may write here, since OpenShift runs images with a user id of its own and that group.
ENV STATE_DIR=/var/lib/liveavatar-agent
RUN install -d -m 770 -o 10001 -g 0 $STATE_DIR
# By number, since Kubernetes can check only a number for runAsNonRoot. Root owns the files: the worker cannot change
# its own code.
USER 10001:10001
EXPOSE 8081
# SIGTERM drains: no new calls, and the running ones end by themselves. Further SIGTERMs change nothing.
STOPSIGNAL SIGTERM
# 200 means that the worker's event loop answers: liveness. GET /readyz tells whether LiveKit knows the worker. Where a
# platform sets PORT, the health check or the page answers there.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request; port = os.environ.get('WORKER_PORT') or os.environ.get('PORT') or '8081'; urllib.request.urlopen('http://127.0.0.1:' + ''.join(filter(str.isdigit, port)) + '/', timeout=4)"]
# The first process of a container gets no signal that it has no handler for. agent.py sets one before its imports; the
# init is for the moment before that. Docker's own init (docker run --init) may be used in addition.
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["python", "agent.py", "start"]
