"""Texts of the steps `settings` to `companies`: how we get into D365, and what we find there."""

from collections.abc import Mapping

from case_shared.d365.check.text import Text

_MAPPING = "Correct [%(table)s] in D365_MAPPING, or ask the D365 administrator to change the entity."
_MODEL = f"{_MAPPING} Check that the model Casebridge is installed and the database is synchronized."
_ROLE = (
    "In D365, System administration > Users > the service user: assign the role CBIntegration or one with the same "
    "privileges."
)
_APPLICATIONS = "In D365, System administration > Setup > Microsoft Entra applications:"
_SECRETS = "In the Entra admin center, App registrations > the application > Certificates & secrets:"

ACCESS: Mapping[str, Text] = {
    # settings
    "settings_fit": Text("The settings are complete. D365 is %(url)s."),
    "setting_wrong": Text("%(setting)s: %(problem)s.", "Set %(setting)s."),
    "setting_unfit": Text("%(setting)s: %(problem)s.", "Correct %(setting)s."),
    "url_has_path": Text(
        "D365_URL contains the path %(path)s, but it must be the environment's root.", "Set D365_URL to %(root)s."
    ),
    # network
    "reached": Text("%(hosts)s: reached."),
    "unknown_host": Text(
        "The host name %(host)s is unknown: %(why)s", "Check %(setting)s for a typo, and check this computer's DNS."
    ),
    "no_connection": Text(
        "Casebridge cannot connect to %(host)s: %(why)s",
        "Check %(setting)s. Check whether a firewall blocks the connection or a proxy setting (HTTPS_PROXY) is "
        "missing.",
    ),
    "untrusted_certificate": Text(
        "This computer does not trust the certificate of %(host)s: %(why)s",
        "Set SSL_CERT_FILE to a file with the certificates of the authorities that you trust, including your "
        "company's.",
    ),
    "certificate_of_another": Text(
        "The certificate of %(host)s was issued for another name: %(why)s",
        "Set %(setting)s to the name in the certificate.",
    ),
    "expired_certificate": Text(
        "The certificate of %(host)s has expired, or this computer's clock is wrong: %(why)s",
        "Correct this computer's clock, or ask for a new certificate.",
    ),
    "no_tls": Text("The TLS connection to %(host)s failed: %(why)s", "Check the scheme and the port of %(setting)s."),
    "proxy_refuses": Text(
        "The proxy blocks requests to %(host)s: %(why)s",
        "Check HTTPS_PROXY and NO_PROXY, or allow %(host)s on the proxy.",
    ),
    "server_down": Text(
        "%(host)s answers %(status)s: it is down or under maintenance.",
        "Wait, then run the check again. Lifecycle Services or the Power Platform admin center shows the D365 "
        "administrator whether the environment is running.",
    ),
    "no_answer": Text(
        "The answer from %(host)s was incomplete: %(why)s",
        "Run the check again. If the problem persists, check proxies and firewalls on the way.",
    ),
    # token
    "signed_in": Text("The token endpoint issues access tokens."),
    "wrong_secret": Text(
        "Entra rejects the client secret (AADSTS%(aadsts)s).",
        f"{_SECRETS} create a secret and set D365_CLIENT_SECRET to its value, not to its ID.",
    ),
    "expired_secret": Text(
        "The client secret has expired (AADSTS7000222).",
        f"{_SECRETS} create a new secret and set D365_CLIENT_SECRET to its value.",
    ),
    "unknown_application": Text(
        "The application D365_CLIENT_ID does not exist in the tenant, or it is disabled (AADSTS%(aadsts)s).",
        "Set D365_CLIENT_ID to the application (client) ID of the app registration, and check that the token URL names "
        "the tenant with this registration.",
    ),
    "unknown_tenant": Text(
        "The tenant does not exist in Entra (AADSTS%(aadsts)s).",
        "Set D365_TENANT_ID (or D365_TOKEN_URL) to the tenant ID that the Entra admin center shows under Overview.",
    ),
    "unknown_environment": Text(
        "The tenant has no D365 environment with the address in D365_URL (AADSTS%(aadsts)s).",
        "Set D365_URL to the address that the browser shows in D365, and check that the tenant is the environment's "
        "tenant.",
    ),
    "unknown_certificate": Text(
        "Entra rejects the client certificate or the federated token (AADSTS%(aadsts)s).",
        f"{_SECRETS} upload the certificate, or correct the issuer, subject and audience of the federated credential.",
    ),
    "assertion_out_of_time": Text(
        "Entra rejects the client assertion because its time is wrong (AADSTS700024).",
        "Correct this computer's clock (NTP).",
    ),
    "token_refused": Text(
        "The token endpoint rejects the application: %(why)s",
        "Check D365_TOKEN_URL, D365_CLIENT_ID, D365_CLIENT_SECRET and D365_URL.",
    ),
    "token_unavailable": Text(
        "The token endpoint issues no token at the moment: %(why)s", "Check D365_TOKEN_URL, and run the check again."
    ),
    # service
    "service_answers": Text("D365 accepts the application and offers %(sets)s entity sets."),
    "not_registered": Text(
        "D365 rejects the token (401).",
        f"{_APPLICATIONS} register client %(client_id)s with a service user. If it is registered, enable the service "
        "user, and write D365_URL exactly as D365 shows it.",
    ),
    "not_the_root": Text(
        "D365 rejects the token (401), and D365_URL contains the path %(path)s.",
        "Set D365_URL to %(root)s, without the path %(path)s. If D365 itself shows this path, register client "
        "%(client_id)s in D365, System administration > Setup > Microsoft Entra applications.",
    ),
    "service_forbidden": Text(
        "D365 denies the service user access (403): %(why)s", f"{_ROLE} Check that the user is enabled."
    ),
    "sign_in_page": Text(
        "D365_URL leads to a sign-in page: it is not the environment's root.",
        "Set D365_URL to the environment's root without a path, such as https://contoso.operations.dynamics.com.",
    ),
    "web_page": Text(
        "D365_URL returns a web page instead of data.",
        "If it is a sign-in page, set D365_URL to the environment's root without a path. If it is a maintenance page, "
        "run the check again after the maintenance.",
    ),
    "no_service": Text(
        "%(url)s does not exist (404): D365_URL is not the root of a Finance and Operations environment.",
        "Set D365_URL to the environment's root without a path, such as https://contoso.operations.dynamics.com.",
    ),
    "no_odata": Text(
        "The answer from %(url)s is not OData: %(why)s",
        "Set D365_URL to the environment's root. Check proxies and gateways on the way.",
    ),
    # entities
    "entities_fit": Text("All mapped entity sets and fields exist: %(sets)s."),
    "no_metadata": Text("D365's metadata service does not answer, so mandatory fields were not checked."),
    "no_entity_set": Text("D365 has no entity set %(entity_set)s.", _MODEL),
    "no_entity_set_but_another": Text("D365 has no entity set %(entity_set)s. Similar names: %(near)s.", _MODEL),
    "no_field": Text("Field %(field)s of %(entity_set)s is missing or private.", _MAPPING),
    "field_not_queryable": Text(
        "Field %(field)s of %(entity_set)s cannot be queried: D365 returns it, but rejects it in a query.",
        "In D365_MAPPING, map [%(table)s.fields] %(ours)s to a field that D365 accepts in $select and $filter.",
    ),
    "filter_refused": Text(
        "D365 rejects the filter of [%(table)s]: %(why)s", "Correct filter in [%(table)s] of D365_MAPPING."
    ),
    "entity_refused": Text("Entity set %(entity_set)s cannot be read: %(why)s", _MAPPING),
    "field_of_another_type": Text(
        "Field %(field)s of %(entity_set)s is %(found)s, but [case.fields] %(ours)s must be %(wanted)s.",
        "In D365_MAPPING, [case.fields], map %(ours)s to a field of that type.",
    ),
    "mandatory_never_sent": Text(
        "D365 requires %(field)s of %(entity_set)s, but Casebridge does not send it.",
        "Ask the D365 administrator to make the field optional or give it a default value, or map one of our fields to "
        "it in D365_MAPPING, [case.fields].",
    ),
    "mandatory_maybe_empty": Text(
        "D365 requires %(field)s of %(entity_set)s, but dealers may leave it empty. D365 would reject such a case.",
        "Ask the D365 administrator to make the field optional in the entity, with a default value if D365 itself "
        "needs one.",
    ),
    "number_sequence_unknown": Text(
        "D365 requires %(field)s. Only a new case shows whether a number sequence assigns it.",
        "Run the check with --write. If D365 rejects a case for lack of %(field)s: Organization administration > "
        "Number sequences > Number sequences: give cases a sequence that is not manual.",
    ),
    "read_only_field": Text(
        "%(field)s of %(entity_set)s cannot be set when a case is created.",
        'Ask the D365 administrator to allow it, or leave the field out: map %(ours)s to "" in [case.fields].',
    ),
    "no_category_type": Text(
        "D365 has no category type %(category_type)s. It has %(known)s.",
        "Correct D365_CATEGORY_TYPES: dealers see categories and cases of the types that it names.",
    ),
    "read_only_entity": Text(
        "Entity set %(entity_set)s is read-only in D365.", "Ask the D365 administrator to make the entity writable."
    ),
    # privileges
    "may_read": Text("The service user can read all mapped entity sets."),
    "create_not_tried": Text("Run the check with --write to find out whether it can create a case."),
    "may_create": Text("It can create cases."),
    "lacks_view": Text("The role CBIntegration lacks View on %(entity_set)s (%(status)s).", _ROLE),
    "lacks_maintain": Text("The role CBIntegration lacks Maintain on %(entity_set)s (%(status)s).", _ROLE),
    # companies
    "companies_seen": Text("The service user sees customers in %(seen)s."),
    "no_customer": Text(
        "The service user sees no customers in any legal entity, so an empty list proves nothing.",
        "In D365, System administration > Users > the service user > Roles > Assign organizations: grant access to the "
        "dealers' legal entities. Check the filter of [customers] in D365_MAPPING.",
    ),
    "company_unseen": Text(
        "The service user sees only %(seen)s, but dealers exist in %(unseen)s. An empty list from there proves "
        "nothing.",
        "In D365, System administration > Users > the service user > Roles > Assign organizations: grant access to "
        "%(unseen)s. If it has access, no customer there passes the filter of [customers] in D365_MAPPING.",
    ),
    "companies_maybe_unseen": Text(
        "The service user sees customers in %(seen)s. D365 also has the legal entities %(unseen)s.",
        "If they have dealers, grant access: System administration > Users > the service user > Roles > Assign "
        "organizations.",
    ),
}
