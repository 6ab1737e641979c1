FROM golang:1.26.8 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# By name: nothing else that lies in the folder, such as a config.yaml, gets in.
COPY bot bot
COPY cmd cmd
COPY jobs jobs
COPY llm llm
COPY storage storage
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/bob ./cmd/bob
RUN mkdir -p -m 0700 /out/own/data /out/own/tmp

FROM scratch
# Certificates, to call models over TLS; time zones are in the program.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/bob /
# A volume takes over the owner of the folder below it: Bob must own /data.
COPY --from=build --chown=65532:65532 /out/own /
USER 65532:65532
ENV BOB_DATA=/data
WORKDIR /data
VOLUME /data
ENTRYPOINT ["/bob"]
