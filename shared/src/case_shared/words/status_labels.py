"""What portals call each status, by language: the list finds cases by these words, so portals show no others."""

from collections.abc import Mapping

from case_shared.words.events import CaseStatus

STATUS_LABELS: Mapping[str, Mapping[CaseStatus, str]] = {
    "en": {
        CaseStatus.DRAFT: "Draft",
        CaseStatus.SUBMITTED: "Submitted",
        CaseStatus.IN_PROCESS: "In process",
        CaseStatus.OPEN: "Open",
        CaseStatus.CLOSED: "Closed",
        CaseStatus.CANCELED: "Canceled",
    },
    "de": {
        CaseStatus.DRAFT: "Entwurf",
        CaseStatus.SUBMITTED: "Eingereicht",
        CaseStatus.IN_PROCESS: "In Bearbeitung",
        CaseStatus.OPEN: "Offen",
        CaseStatus.CLOSED: "Geschlossen",
        CaseStatus.CANCELED: "Storniert",
    },
    "is": {
        CaseStatus.DRAFT: "Drög",
        CaseStatus.SUBMITTED: "Sent inn",
        CaseStatus.IN_PROCESS: "Í vinnslu",
        CaseStatus.OPEN: "Opið",
        CaseStatus.CLOSED: "Lokað",
        CaseStatus.CANCELED: "Afturkallað",
    },
}
