#!/bin/sh
# Refuses the secrets of this repository unless the stack is a trial, that is, without a real D365 or identity provider.
# Runs before anything else, because PostgreSQL keeps the first password it gets.
set -eu
trial_d365=http://sandbox:8365
wrong=0
refuse() { echo "$1: $2" >&2; wrong=1; }

case ${CASEBRIDGE_TRIAL:-} in
  true)
    real="the trial is for the stack's own sandbox and provider alone: set CASEBRIDGE_TRIAL=false in .env"
    [ "$D365_URL" = "$trial_d365" ] || refuse D365_URL "$real"
    [ "$OIDC_ISSUER" = "$TRIAL_ISSUER" ] || refuse OIDC_ISSUER "$real"
    for name in D365_TOKEN_URL D365_TENANT_ID D365_CLIENT_CERTIFICATE D365_MANAGED_IDENTITY; do
      [ -z "$(printenv $name || true)" ] || refuse $name "$real"
    done
    [ -n "${D365_CLIENT_SECRET:-}" ] || refuse D365_CLIENT_SECRET "is empty: for a trial leave the line out of .env"
    [ "$wrong" = 1 ] || echo "a trial: sandbox and development identity provider, with secrets that everybody knows"
    exit $((wrong * 2))
    ;;
  false) ;;
  *) refuse CASEBRIDGE_TRIAL "is true or false" ;;
esac

check_secret() {
  value=$(printenv "$1" || true)
  case $(printf %s "$value" | tr '[:upper:]' '[:lower:]') in
    "") refuse "$1" "is not set: give it a secret of your own in .env" ;;
    *development* | *password* | *changeme* | *change-me* | *secret* | *example* | *12345678*)
      refuse "$1" "is well known: give it a secret of your own in .env, such as \`openssl rand -hex 24\`" ;;
    *)
      # The services check the same (case_shared/process/safe_settings.py), but only after the database was created.
      different=$(printf %s "$value" | fold -w 1 | sort -u | grep -c . || true)
      [ ${#value} -ge 16 ] && [ "$different" -ge 6 ] ||
        refuse "$1" "is short or uses few different characters: give it 16 or more, such as \`openssl rand -hex 24\`"
      ;;
  esac
}
check_url() {
  case $(printenv "$1" || true) in
    http*://localhost* | http*://127.* | http*://sandbox* | http*://oidc*)
      refuse "$1" "is a development address: set your own in .env" ;;
    https://*) ;;
    "") refuse "$1" "is not set" ;;
    *) refuse "$1" "must be https: secrets and tokens go there" ;;
  esac
}
for name in POSTGRES_PASSWORD CASE_MIGRATIONS_PASSWORD CASE_API_PASSWORD D365_SYNC_PASSWORD STATUS_SYNC_PASSWORD \
  PORTAL_WEB_PASSWORD KAFKA_BROKER_PASSWORD KAFKA_MIGRATIONS_PASSWORD KAFKA_CASE_API_PASSWORD KAFKA_D365_SYNC_PASSWORD \
  KAFKA_STATUS_SYNC_PASSWORD KAFKA_D365_PASSWORD; do
  check_secret $name
  case $(printenv "$name" || true) in
    *[!A-Za-z0-9_.~-]*) refuse "$name" "stands in an address or a quoted setting: use letters, digits and - _ . ~ only" ;;
  esac
done
check_secret D365_EVENTS_SECRET
# The services check how these fit together.
if [ -n "${D365_CLIENT_SECRET:-}" ] || [ -z "${D365_CLIENT_CERTIFICATE:-}${D365_MANAGED_IDENTITY:-}" ]; then
  check_secret D365_CLIENT_SECRET
fi
for name in OIDC_CLIENT_SECRET METRICS_TOKEN KAFKA_SASL_PASSWORD; do
  [ -z "$(printenv $name || true)" ] || check_secret $name
done
check_url D365_URL
if [ -n "${D365_TOKEN_URL:-}" ]; then
  check_url D365_TOKEN_URL
elif [ -z "${D365_TENANT_ID:-}${D365_MANAGED_IDENTITY:-}" ]; then
  refuse D365_TENANT_ID "is not set, nor is D365_TOKEN_URL: the secret would be sent to D365 itself"
fi
check_url OIDC_ISSUER
[ -z "${OIDC_DISCOVERY_URL:-}" ] || check_url OIDC_DISCOVERY_URL
exit $((wrong * 2))
