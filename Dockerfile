# syntax=docker/dockerfile:1
# An image with dcache, ShellCheck and libgit2 in it:
#   docker build -t dcache .
#   docker run --rm -v "$PWD:/src:ro" dcache lint
FROM debian:bookworm-slim@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716 AS base
# The cache mounts below keep what the image's own hook would throw away.
RUN rm -f /etc/apt/apt.conf.d/docker-clean

FROM base AS build
WORKDIR /dcache
COPY scripts/install-packages scripts/
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    scripts/install-packages
COPY . .
RUN cmake --preset release -DDCACHE_BUILD_TESTS=OFF -DDCACHE_BUILD_C=OFF \
 && cmake --build --preset release \
 && cmake --install build/release --component tool --strip --prefix /out

FROM base
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    apt-get update && apt-get install -y --no-install-recommends libgit2-1.5 shellcheck \
 # A repository that is mounted belongs to somebody else as a rule.
 && printf '[safe]\n\tdirectory = *\n' >/etc/gitconfig
COPY --link --from=build /out /usr
WORKDIR /src
USER 65532:65532
ENTRYPOINT ["dcache"]
CMD ["lint"]
