#!/bin/sh
# Prepares the database for docker-compose.yml; safe to run again.
set -eu
[ -f /keys/kinlink.keys.toml ] || kinlink keys generate /keys/kinlink.keys.toml
kinlink migrate up
if ! kinlink organization list --json | grep -q '"northside"'; then
  kinlink organization add northside --name "Northside General" --fhir-base https://fhir.northside.example/r4
  kinlink issuer add --organization northside --iss http://localhost:8081/realms/kinlink \
    --audience kinlink --accounts --staff-roles realm_access.roles
  kinlink import /patients.ndjson.gz --organization northside
  echo "The API key of an authorization server, shown this once:"
  kinlink client add --name "Try" --organization northside --api-key
fi
