# bellwether-api: answers predictions. At the top of the checkout:
#   docker build -f deploy/docker/api.Dockerfile -t bellwether-api:0.1.0 .
# The stages `build` and `system` are the same in every Dockerfile here, so that an engine runs them once for all images.

FROM rust:1.95-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# jemalloc is made by make. What Debian has of it today is no part of the image.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# Dependencies stay compiled between builds, in caches of the engine's. Our own crates are compiled anew: cargo goes by the
# time of a file, and another checkout's may be older than what was last compiled here and yet differ from it. Names of
# functions are a fourth of a program; what a panic tells, its file and line, stands elsewhere.
RUN --mount=type=cache,id=bellwether-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=bellwether-target,target=/src/target,sharing=locked \
    find crates migrations -type f -exec touch {} + \
    && cargo build --locked --profile dist --package bellwether-api --package bellwether-worker \
        --package bellwether-config-admin --package bellwether-cli \
    && install -D --strip --target-directory=/out target/dist/bellwether target/dist/bellwether-api \
        target/dist/bellwether-worker target/dist/bellwether-config-admin

# What the programs need of Debian and nothing else: no shell, no package manager. What there is stands in
# /var/lib/dpkg/status.d, where scanners look for it.
FROM debian:bookworm-slim AS system
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# The newest certificates, time zones and C library are the ones wanted.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libgcc-s1 tzdata \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out /out
RUN mkdir -p /image/etc/ssl/certs /image/usr/share/doc /image/var/lib/dpkg/status.d \
    && for library in $(ldd /out/* | grep -oE '/lib[^ ]*/[^ ]+\.so[^ ]*' | sort -u); do \
           install -D "$library" "/image$library"; \
       done \
    && cp -L /etc/os-release /image/etc/ \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && cp -a /usr/share/zoneinfo /image/usr/share/ \
    && for package in libc6 libgcc-s1 ca-certificates tzdata; do \
           dpkg-query --status "$package" > "/image/var/lib/dpkg/status.d/$package" \
           && install -D "$(readlink -f "/usr/share/doc/$package")/copyright" "/image/usr/share/doc/$package/copyright"; \
       done \
    && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
    && echo 'bellwether:x:10001:10001:bellwether:/var/lib/bellwether:/nonexistent' > /image/etc/passwd \
    && echo 'bellwether:x:10001:' > /image/etc/group \
    && install -d -m 1777 /image/tmp \
    && install -d -o 10001 -g 10001 -m 0750 /image/var/lib/bellwether

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="bellwether-api" \
      org.opencontainers.image.description="Answers predictions, and journals each before it does." \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=system /image /
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/bellwether/
COPY models /models
COPY --from=build /out/bellwether-api /usr/local/bin/bellwether-api
ENV BELLWETHER__MODELS__PATH=/models \
    BELLWETHER__JOURNAL__PATH=/var/lib/bellwether/journal.sqlite \
    BELLWETHER__QUEUE__PATH=/var/lib/bellwether/queue.sqlite
WORKDIR /var/lib/bellwether
# The journal: what was answered and has still to reach the database, the archive and the queue.
VOLUME /var/lib/bellwether
USER 10001:10001
EXPOSE 8000 9000
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/bellwether-api", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/bellwether-api"]
