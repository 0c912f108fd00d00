#!/bin/sh
# Refuses the secrets of this repository where the stack is more than a trial: with a real D365 or identity provider.
# Runs before anything else, since PostgreSQL keeps the first password that it is given.
set -eu
trial_d365=http://sandbox:8365

if [ "$D365_URL" = "$trial_d365" ] && [ "$OIDC_ISSUER" = "$TRIAL_ISSUER" ]; then
  echo "a trial: sandbox and development identity provider, with secrets that everybody knows"
  exit 0
fi

wrong=0
refuse() { echo "$1: $2" >&2; wrong=1; }
for name in POSTGRES_PASSWORD CASE_MIGRATIONS_PASSWORD CASE_API_PASSWORD D365_SYNC_PASSWORD STATUS_SYNC_PASSWORD PORTAL_WEB_PASSWORD \
  D365_CLIENT_SECRET D365_EVENTS_SECRET; do
  value=$(printenv "$name" || true)
  case $value in
    "" | development*) refuse "$name" "is not set: give it a secret of your own in .env" ;;
  esac
done
for name in POSTGRES_PASSWORD CASE_MIGRATIONS_PASSWORD CASE_API_PASSWORD D365_SYNC_PASSWORD STATUS_SYNC_PASSWORD \
  PORTAL_WEB_PASSWORD; do
  case $(printenv "$name" || true) in
    *[!A-Za-z0-9_.~-]*) refuse "$name" "stands in an address: use letters, digits and - _ . ~ only" ;;
  esac
done
[ "$D365_URL" != "$trial_d365" ] || refuse D365_URL "is still the sandbox's: name your D365 environment"
[ "$OIDC_ISSUER" != "$TRIAL_ISSUER" ] || refuse OIDC_ISSUER "is still the development provider's: name your own"
[ -n "${D365_TOKEN_URL:-}" ] || refuse D365_TOKEN_URL "is not set: the token endpoint of your Entra tenant"
exit $((wrong * 2))
