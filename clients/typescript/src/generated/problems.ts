// Written by `npm run generate` from docs/problems.md.

/** What the API may refuse with: the last word of a problem's `type`. */
export type ProblemKind =
  /** The request is not valid HTTP (400) */
  | "malformed-request"
  /** The body is not a business event of D365 (400) */
  | "not-an-event"
  /** Not authenticated (401) */
  | "unauthorized"
  /** Not allowed (403) */
  | "forbidden"
  /** Not found (404) */
  | "not-found"
  /** The case was never submitted (404) */
  | "case-not-submitted"
  /** Method not allowed (405) */
  | "method-not-allowed"
  /** The request did not arrive in time (408) */
  | "request-timeout"
  /** The case is submitted (409) */
  | "case-submitted"
  /** A case is on its way to D365 (409) */
  | "case-on-its-way"
  /** Another restore of D365 is running (409) */
  | "restore-runs"
  /** The state does not allow this (409) */
  | "not-allowed"
  /** Another request with this Idempotency-Key is running (409) */
  | "idempotency-key-in-use"
  /** The draft was deleted (410) */
  | "draft-deleted"
  /** The case has changed (412) */
  | "version-changed"
  /** The body is too large (413) */
  | "too-large"
  /** The body is not valid JSON (415) */
  | "unsupported-media-type"
  /** The request is not valid (422) */
  | "invalid-request"
  /** The case cannot be submitted yet (422) */
  | "case-incomplete"
  /** The Idempotency-Key was used for another request (422) */
  | "idempotency-key-reused"
  /** If-Match is missing (428) */
  | "version-required"
  /** Too many requests (429) */
  | "too-many-requests"
  /** Too many live streams (429) */
  | "too-many-streams"
  /** The request's headers are too large (431) */
  | "headers-too-large"
  /** Something went wrong on our side (500) */
  | "internal-error"
  /** This endpoint is off (503) */
  | "events-off"
  /** Temporarily unavailable (503) */
  | "unavailable"
  /** No live stream is free (503) */
  | "streams-taken"
  /** The list took too long (503) */
  | "list-too-slow"
  /** D365's categories are not known yet (503) */
  | "lists-unknown";
