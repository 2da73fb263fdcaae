# What is built is installed into a folder of its own, and only that goes into the image that runs.
FROM python:3.13.9-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_CONSTRAINT=/build/constraints.txt
WORKDIR /build
RUN python -m venv /opt/threadline
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY sms ./sms
COPY providers ./providers
COPY storage ./storage
COPY bot ./bot
COPY sandbox ./sandbox
RUN /opt/threadline/bin/pip install .


FROM python:3.13.9-slim-bookworm

LABEL org.opencontainers.image.title="threadline" \
      org.opencontainers.image.description="A support team's text messages inside Slack" \
      org.opencontainers.image.licenses="MIT"

RUN groupadd --system --gid 10001 threadline \
 && useradd --system --uid 10001 --gid threadline --home-dir /data --no-create-home threadline \
 && install --directory --owner threadline --group threadline --mode 0700 /data
COPY --from=build /opt/threadline /opt/threadline

# In the container the doors have to be reached from outside of it; publish the port on 127.0.0.1 of the host.
ENV PATH=/opt/threadline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    THREADLINE_DATABASE=/data/threadline.db \
    THREADLINE_HTTP__HOST=0.0.0.0 \
    THREADLINE_HTTP__PORT=8080

USER threadline
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM

# Alive, not ready: a container that is restarted because Slack is down would take in no texts meanwhile.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['THREADLINE_HTTP__PORT']}/healthz\", timeout=4)"]

ENTRYPOINT ["threadline"]
CMD ["run", "--log-json"]
