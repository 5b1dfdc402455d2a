# A small image with the one binary, run by a user without rights.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package kinlink && strip target/release/kinlink

FROM debian:bookworm-slim
# Certificate authorities, for identity providers and the mail server.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --create-home --home-dir /var/lib/kinlink kinlink
COPY --from=build /src/target/release/kinlink /usr/local/bin/kinlink
USER 10001
WORKDIR /var/lib/kinlink
ENV KINLINK_SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["kinlink"]
CMD ["serve"]
