#!/bin/sh
# Refuses the secrets of this repository unless the stack is a trial, that is, without a real D365 or identity provider.
# Runs before anything else, because PostgreSQL keeps the first password it gets.
set -eu
trial_d365=http://sandbox:8365
wrong=0
refuse() { echo "$1: $2" >&2; wrong=1; }

case ${CASEBRIDGE_TRIAL:-} in
  true)
    real="a trial uses only the stack's own sandbox and provider: set CASEBRIDGE_TRIAL=false in .env"
    [ "$D365_URL" = "$trial_d365" ] || refuse D365_URL "$real"
    [ "$OIDC_ISSUER" = "$TRIAL_ISSUER" ] || refuse OIDC_ISSUER "$real"
    for name in D365_TOKEN_URL D365_TENANT_ID D365_CLIENT_CERTIFICATE D365_MANAGED_IDENTITY; do
      [ -z "$(printenv $name || true)" ] || refuse $name "$real"
    done
    [ -n "${D365_CLIENT_SECRET:-}" ] || refuse D365_CLIENT_SECRET "empty: for a trial, remove the line from .env"
    [ "$wrong" = 1 ] || echo "this is a trial: sandbox and development identity provider, with well-known secrets"
    exit $((wrong * 2))
    ;;
  false) ;;
  *) refuse CASEBRIDGE_TRIAL "set it to true or false" ;;
esac

check_secret() {
  value=$(printenv "$1" || true)
  # Of a connection string of Event Hubs, only the key is a secret.
  case $value in
    *SharedAccessKey=*) value=${value##*SharedAccessKey=} value=${value%%;*} ;;
  esac
  case $(printf %s "$value" | tr '[:upper:]' '[:lower:]') in
    "") refuse "$1" "not set: set your own secret in .env" ;;
    *development* | *password* | *changeme* | *change-me* | *secret* | *example* | *12345678*)
      refuse "$1" "well known: set your own secret in .env, for example from \`openssl rand -hex 24\`" ;;
    *)
      # The services check the same (case_shared/process/safe_settings.py), but only after the database exists.
      different=$(printf %s "$value" | fold -w 1 | sort -u | grep -c . || true)
      [ ${#value} -ge 16 ] && [ "$different" -ge 6 ] ||
        refuse "$1" "too short, or too few different characters: use 16 or more, for example from \`openssl rand -hex 24\`"
      ;;
  esac
}
check_url() {
  value=$(printenv "$1" || true)
  host=${value#*://}
  # The whole name: https://oidc.contoso.com may be yours.
  case ${host%%[:/]*} in
    localhost | 127.* | sandbox | oidc)
      refuse "$1" "this is a development address: set your own in .env"
      return
      ;;
  esac
  case $value in
    https://*) ;;
    "") refuse "$1" "not set: set it in .env" ;;
    *) refuse "$1" "use https, because secrets and tokens go there" ;;
  esac
}
check_secrets() {
  for name in POSTGRES_PASSWORD CASE_MIGRATIONS_PASSWORD CASE_API_PASSWORD D365_SYNC_PASSWORD STATUS_SYNC_PASSWORD \
    PORTAL_WEB_PASSWORD KAFKA_BROKER_PASSWORD KAFKA_MIGRATIONS_PASSWORD KAFKA_CASE_API_PASSWORD \
    KAFKA_D365_SYNC_PASSWORD KAFKA_STATUS_SYNC_PASSWORD KAFKA_D365_PASSWORD; do
    check_secret $name
    case $(printenv "$name" || true) in
      *[!A-Za-z0-9_.~-]*) refuse "$name" "use only letters, digits and - _ . ~, because it is part of an address or a quoted setting" ;;
    esac
  done
  # Without it, POST /v1/d365/events is off.
  [ -z "${D365_EVENTS_SECRET:-}" ] || check_secret D365_EVENTS_SECRET
  # The services check that these fit together.
  if [ -n "${D365_CLIENT_SECRET:-}" ] || [ -z "${D365_CLIENT_CERTIFICATE:-}${D365_MANAGED_IDENTITY:-}" ]; then
    check_secret D365_CLIENT_SECRET
  fi
}
# With deploy/outside.yml, these are in files that only the services can read; they check them themselves.
[ "${CASEBRIDGE_OUTSIDE:-}" = true ] || check_secrets
for name in OIDC_CLIENT_SECRET METRICS_TOKEN KAFKA_SASL_PASSWORD; do
  [ -z "$(printenv $name || true)" ] || check_secret $name
done
check_url D365_URL
if [ -n "${D365_TOKEN_URL:-}" ]; then
  check_url D365_TOKEN_URL
elif [ -z "${D365_TENANT_ID:-}${D365_MANAGED_IDENTITY:-}" ]; then
  refuse D365_TENANT_ID "neither this nor D365_TOKEN_URL is set, so the secret would go to D365 itself"
fi
check_url OIDC_ISSUER
[ -z "${OIDC_DISCOVERY_URL:-}" ] || check_url OIDC_DISCOVERY_URL
exit $((wrong * 2))
