"""Texts of the steps `settings` to `companies`: how we get into D365, and what we find there."""

from collections.abc import Mapping

from case_shared.d365.check.text import Text

_MAPPING = "Correct D365_MAPPING, [%(table)s], or have the D365 administrator change the entity."
_MODEL = f"{_MAPPING} Is the model Casebridge installed and the database synchronised?"
_ROLE = (
    "In D365, System administration > Users > the service user: assign the role CBIntegration, or one with the same "
    "privileges."
)
_APPLICATIONS = "In D365, System administration > Setup > Microsoft Entra applications:"
_SECRETS = "In the Entra admin center, App registrations > the application > Certificates & secrets:"

ACCESS: Mapping[str, Text] = {
    # settings
    "settings_fit": Text("The settings are complete; D365 is %(url)s."),
    "setting_wrong": Text("%(setting)s %(problem)s.", "Set %(setting)s and run the check again."),
    "setting_unfit": Text("%(setting)s: %(problem)s.", "Correct %(setting)s and run the check again."),
    "url_has_path": Text(
        "D365_URL has the path %(path)s, but must be the environment's root.", "Set D365_URL to %(root)s."
    ),
    # network
    "reached": Text("%(hosts)s can be reached."),
    "unknown_host": Text(
        "The name %(host)s is not known: %(why)s", "Check %(setting)s for a typing error, and this computer's DNS."
    ),
    "no_connection": Text(
        "No connection to %(host)s: %(why)s",
        "Check %(setting)s, and whether a firewall or a missing proxy setting (HTTPS_PROXY) is in the way.",
    ),
    "untrusted_certificate": Text(
        "The certificate of %(host)s is not trusted: %(why)s",
        "Set SSL_CERT_FILE to a file with the certificates of the authorities that you trust, your company's included.",
    ),
    "certificate_of_another": Text(
        "The certificate of %(host)s is for another name: %(why)s",
        "Set %(setting)s to the name that the certificate has.",
    ),
    "expired_certificate": Text(
        "The certificate of %(host)s has expired, or this computer's clock is wrong: %(why)s",
        "Correct this computer's clock, or have the certificate renewed.",
    ),
    "no_tls": Text(
        "%(host)s does not speak TLS as it should: %(why)s", "Check the scheme and the port of %(setting)s."
    ),
    "proxy_refuses": Text(
        "The proxy does not let a request to %(host)s pass: %(why)s",
        "Check HTTPS_PROXY and NO_PROXY, or have the proxy allow %(host)s.",
    ),
    "server_down": Text(
        "%(host)s answers %(status)s: it is down, or in maintenance.",
        "Wait and run the check again; the D365 administrator sees in Lifecycle Services or the Power Platform admin "
        "center whether the environment runs.",
    ),
    "no_answer": Text(
        "%(host)s gives no whole answer: %(why)s", "Run the check again; then check proxies and firewalls in between."
    ),
    # token
    "signed_in": Text("The token endpoint gives an access token."),
    "wrong_secret": Text(
        "Entra does not accept the client secret (AADSTS%(aadsts)s).",
        f"{_SECRETS} create a secret and set D365_CLIENT_SECRET to its value. (The secret's ID is something else.)",
    ),
    "expired_secret": Text(
        "The client secret has expired (AADSTS7000222).",
        f"{_SECRETS} create a new secret and set D365_CLIENT_SECRET to its value.",
    ),
    "unknown_application": Text(
        "The tenant does not know the application D365_CLIENT_ID, or it is disabled (AADSTS%(aadsts)s).",
        "Set D365_CLIENT_ID to the Application (client) ID of the app registration, and check that the token URL names "
        "the tenant in which it is registered.",
    ),
    "unknown_tenant": Text(
        "Entra does not know the tenant (AADSTS%(aadsts)s).",
        "Set D365_TOKEN_URL (or D365_TENANT_ID) to the tenant ID that the Entra admin center shows under Overview.",
    ),
    "unknown_environment": Text(
        "D365_URL is not the name under which the tenant knows the environment (AADSTS%(aadsts)s).",
        "Set D365_URL to the environment's address as D365 itself shows it in the browser; the tenant must be the one "
        "to which the environment belongs.",
    ),
    "unknown_certificate": Text(
        "Entra does not accept the client certificate or the federated token (AADSTS%(aadsts)s).",
        f"{_SECRETS} upload the certificate, or correct the federated credential's issuer, subject and audience.",
    ),
    "assertion_out_of_time": Text(
        "Entra finds the client assertion outside its time (AADSTS700024).",
        "Correct this computer's clock (NTP).",
    ),
    "token_refused": Text(
        "The token endpoint refuses the application: %(why)s",
        "Check D365_TOKEN_URL, D365_CLIENT_ID, D365_CLIENT_SECRET and D365_URL.",
    ),
    "token_unavailable": Text(
        "The token endpoint gives no token just now: %(why)s", "Check D365_TOKEN_URL, and run the check again."
    ),
    # service
    "service_answers": Text("D365 lets the application in; it serves %(sets)s entity sets."),
    "not_registered": Text(
        "D365 refuses the token (401).",
        f"{_APPLICATIONS} register client %(client_id)s with a service user. Where it is registered, D365_URL is not "
        "written as D365 writes it, or the service user is disabled.",
    ),
    "service_forbidden": Text(
        "D365 does not let the service user in (403): %(why)s", f"{_ROLE} The user must be enabled."
    ),
    "sign_in_page": Text(
        "This is a sign-in page: D365_URL is not the environment's root.",
        "Set D365_URL to the environment's root, such as https://contoso.operations.dynamics.com, without any path.",
    ),
    "web_page": Text(
        "D365_URL answers with a web page, not with data.",
        "If the page is a sign-in page, set D365_URL to the environment's root, without any path. If it says that the "
        "environment is being serviced, run the check again afterwards.",
    ),
    "no_service": Text(
        "%(url)s is not there (404): D365_URL is not the root of a Finance and Operations environment.",
        "Set D365_URL to the environment's root, such as https://contoso.operations.dynamics.com, without any path.",
    ),
    "no_odata": Text(
        "%(url)s does not answer as OData does: %(why)s",
        "Set D365_URL to the environment's root; check what a proxy or gateway in between does.",
    ),
    # entities
    "entities_fit": Text("All mapped entity sets and fields are there: %(sets)s."),
    "no_metadata": Text("D365's metadata service does not answer: mandatory fields were not looked at."),
    "no_entity_set": Text("D365 has no entity set %(entity_set)s.", _MODEL),
    "no_entity_set_but_another": Text("D365 has no entity set %(entity_set)s. It has %(near)s.", _MODEL),
    "no_field": Text("Field %(field)s of %(entity_set)s is missing or private.", _MAPPING),
    "field_not_queryable": Text(
        "Field %(field)s of %(entity_set)s is shown, but cannot be asked for: D365 refuses it in a query.",
        "Map [%(table)s.fields] %(ours)s in D365_MAPPING to a field that D365 takes in $select and $filter.",
    ),
    "filter_refused": Text(
        "D365 refuses the filter of [%(table)s]: %(why)s", "Correct D365_MAPPING, [%(table)s] filter."
    ),
    "entity_refused": Text("Entity set %(entity_set)s cannot be read: %(why)s", _MAPPING),
    "field_of_another_type": Text(
        "Field %(field)s of %(entity_set)s is %(found)s, but [case.fields] %(ours)s must be %(wanted)s.",
        "Map %(ours)s in D365_MAPPING, [case.fields], to a field of that type.",
    ),
    "mandatory_never_sent": Text(
        "%(field)s of %(entity_set)s is mandatory in D365 and never sent.",
        "Have the D365 administrator make it optional or give it a default, or map one of our fields to it in "
        "D365_MAPPING, [case.fields].",
    ),
    "no_number_sequence": Text(
        "%(field)s is mandatory in D365: it has no number sequence.",
        "In D365, Organization administration > Number sequences > Number sequences: give cases a sequence that is not "
        "manual.",
    ),
    "read_only_field": Text(
        "%(field)s of %(entity_set)s cannot be written at creation.",
        'Have the D365 administrator allow it, or leave the field out: map %(ours)s to "" in [case.fields].',
    ),
    "read_only_entity": Text(
        "Entity set %(entity_set)s is read-only in D365.", "Have the D365 administrator make the entity writable."
    ),
    # privileges
    "may_read": Text("The service user may read all mapped entity sets."),
    "create_not_tried": Text("Whether it may create a case is tried with --write alone."),
    "may_create": Text("It may create cases."),
    "lacks_view": Text("Role CBIntegration lacks View on %(entity_set)s (%(status)s).", _ROLE),
    "lacks_maintain": Text("Role CBIntegration lacks Maintain on %(entity_set)s (%(status)s).", _ROLE),
    # companies
    "companies_seen": Text("The service user sees customers in %(seen)s."),
    "no_customer": Text(
        "The service user sees no customer at all, in no legal entity: an empty list proves nothing.",
        "In D365, System administration > Users > the service user > Roles > Assign organizations: grant access to the "
        "dealers' legal entities. Check the filter of [customers] in D365_MAPPING.",
    ),
    "company_unseen": Text(
        "The service user sees %(seen)s only, dealers exist in %(unseen)s: an empty list proves nothing there.",
        "In D365, System administration > Users > the service user > Roles > Assign organizations: grant access to "
        "%(unseen)s. If that is done, it has no customer that passes the filter of [customers] in D365_MAPPING.",
    ),
    "companies_maybe_unseen": Text(
        "The service user sees customers in %(seen)s; D365 also has the legal entities %(unseen)s.",
        "If there are dealers: System administration > Users > the service user > Roles > Assign organizations.",
    ),
}
