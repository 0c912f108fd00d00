# Builds one image per deployable: docker build --build-arg SERVICE=case-api .
# SERVICE is case-api, d365-sync, status-sync, portal-web, d365-sandbox, or casebridge (command line, development identity provider).
ARG PYTHON_IMAGE=python:3.13-slim
FROM ${PYTHON_IMAGE} AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements/bootstrap.lock requirements/
RUN python -m venv /opt/tools && /opt/tools/bin/pip install --quiet --require-hashes -r requirements/bootstrap.lock
ENV PATH=/opt/tools/bin:$PATH
ARG SERVICE
# Dependencies first, because this layer changes only with the lock.
COPY requirements/${SERVICE}.lock requirements/
RUN python -m venv --without-pip /opt/casebridge \
 && uv pip install --quiet --python /opt/casebridge --require-hashes -r "requirements/$SERVICE.lock"
COPY VERSION ./
COPY shared shared
COPY services services
COPY tools tools
RUN case "$SERVICE" in \
      casebridge) ours="shared services/* tools/*" ;; \
      d365-sandbox) ours="tools/d365-sandbox" ;; \
      *) ours="shared services/$SERVICE" ;; \
    esac \
 && for folder in $ours; do (cd "$folder" && hatchling build -t wheel -d /build/wheels); done \
 && uv pip install --quiet --python /opt/casebridge --no-deps wheels/*.whl \
 && ln -s "$SERVICE" /opt/casebridge/bin/main

FROM ${PYTHON_IMAGE}
ARG SERVICE
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Casebridge $SERVICE" \
      org.opencontainers.image.description="Delivers dealers' service cases to D365 and brings back their status" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# The sandbox and the identity provider keep their state in /data. Everything else can be read-only.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin casebridge \
 && install -d -o casebridge -g casebridge /data
COPY --from=build /opt/casebridge /opt/casebridge
# Whatever the umask of the checkout, user 10001 must be able to read them.
COPY --chmod=0644 deploy/probe.py /opt/probe.py
COPY --chmod=0644 LICENSE /LICENSE
ENV PATH=/opt/casebridge/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 PORT=8000 PROBE_URL=http://127.0.0.1:8000/healthz
USER 10001:10001
WORKDIR /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-S", "/opt/probe.py"]
ENTRYPOINT ["main"]
CMD ["serve"]
