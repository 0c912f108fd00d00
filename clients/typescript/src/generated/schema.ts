// Written by `npm run generate` from docs/openapi/case-api.json.

export interface paths {
    "/v1/dealers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the caller's dealers
         * @description The dealers of the token that are registered.
         */
        get: operations["list_dealers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dealers/{dealer}/cases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Find cases
         * @description A page of the dealer's cases, those born in D365 included.
         */
        get: operations["list_cases"];
        put?: never;
        /**
         * Save a new draft
         * @description Save a draft; it may be incomplete. The answer has its Web Case ID.
         */
        post: operations["create_case"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dealers/{dealer}/cases.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export cases as CSV
         * @description All cases of a list, however many, in its order.
         *
         *     UTF-8 with a byte order mark. Cells are separated as the spreadsheets of the `Accept-Language` do it, or as
         *     `separator` says. Times are those of `zone`, which their column names; `2026-01-31 08:00:05` is a time to any
         *     spreadsheet. An apostrophe stands wherever a spreadsheet could begin to read a formula, whatever it takes for a
         *     separator. An answer that is cut off (the database went away) has no end of its chunks: clients see an error, not
         *     a short list.
         */
        get: operations["export_cases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dealers/{dealer}/cases/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watch cases live
         * @description Each change that D365 or the delivery makes to a case of the dealer.
         *
         *     - `event: case`: the case as `GET /cases/{web_case_id}` shows it. A case may come twice; the last one counts.
         *     - `event: resync`: fetch the list anew, for something cannot be told (again): `{"reason"}` is `unknown_id`,
         *       `too_old`, `too_slow` or `interrupted`. The stream goes on.
         *     - `event: end`: the last one, `{"reason"}` being `token_expired` (connect with a new token) or `stopping` (connect
         *       again at once).
         *
         *     **Connect first, then list**: what happens in between is in the stream. Keep the last `id`, which comments have too,
         *     and send it as `Last-Event-ID` to go on, at any replica. The token goes into `Authorization` only, which the
         *     browsers' `EventSource` cannot send: read the stream by `fetch`. Drafts' own changes are not told.
         */
        get: operations["watch_cases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dealers/{dealer}/cases/{web_case_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a case
         * @description One case, with its ETag.
         */
        get: operations["get_case"];
        put?: never;
        post?: never;
        /**
         * Delete a draft
         * @description Delete a draft for good; one that was ever submitted stays.
         */
        delete: operations["delete_case"];
        options?: never;
        head?: never;
        /**
         * Change a draft
         * @description Change a draft by a merge patch: null empties a field, what is left out stays.
         */
        patch: operations["edit_case"];
        trace?: never;
    };
    "/v1/dealers/{dealer}/cases/{web_case_id}/copy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Copy a case to a new draft
         * @description A new draft with the same content.
         */
        post: operations["copy_case"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dealers/{dealer}/cases/{web_case_id}/submission": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tell how far the submission has come
         * @description The case's current submission; with `Prefer: wait` once its outcome is known.
         */
        get: operations["get_submission"];
        put?: never;
        /**
         * Submit a case, irreversibly
         * @description Submit a draft. Repeated with the version that was submitted, it answers the same and does nothing twice.
         */
        post: operations["submit_case"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dealers/{dealer}/cases/{web_case_id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Explain a case
         * @description Who did what, when, what D365 answered, and how long each stage took.
         */
        get: operations["get_timeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dealers/{dealer}/categories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List categories
         * @description The categories of the dealer's legal entity that cases may have.
         */
        get: operations["list_categories"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dealers/{dealer}/lengths": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List how long texts may be
         * @description The texts of which D365 keeps less than drafts may hold: a longer one cannot be submitted (422).
         */
        get: operations["list_lengths"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dealers/{dealer}/priorities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List priorities
         * @description The priorities of the dealer's legal entity.
         */
        get: operations["list_priorities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Action
         * @description What the dealer may do with a case now.
         * @enum {string}
         */
        Action: "edit" | "delete" | "submit" | "copy";
        /**
         * AttemptSummary
         * @description One try, as a dealer may see it.
         */
        AttemptSummary: {
            /** Ended */
            ended?: string | null;
            outcome?: components["schemas"]["Outcome"] | null;
            /**
             * Started
             * Format: date-time
             */
            started: string;
        };
        /**
         * CaseDocument
         * @description A case. Once D365 has it, category, priority and description are D365's.
         */
        CaseDocument: {
            /** Allowed Actions */
            allowed_actions: components["schemas"]["Action"][];
            /**
             * Case Id
             * @description D365's; null until D365 has the case
             */
            case_id: string | null;
            /** Category */
            category: string | null;
            /** Category Type */
            category_type: string | null;
            contact: components["schemas"]["ContactDocument"] | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Created By
             * @description null where the case was born in D365
             */
            created_by: string | null;
            /** Dealer */
            dealer: string;
            /**
             * Deleted In D365 At
             * @description since when D365 does not have the case; else null
             */
            deleted_in_d365_at: string | null;
            /** Description */
            description: string | null;
            /**
             * Moved At
             * @description since when the case in D365 belongs to another customer or legal entity, or to a category type that dealers do not see: this case then shows what was submitted and the last status from before; else null
             */
            moved_at: string | null;
            /** Notes */
            notes: string | null;
            /** Origin */
            origin: string;
            /** Priority */
            priority: string | null;
            status: components["schemas"]["CaseStatus"];
            /** Status As Of */
            status_as_of: string | null;
            submission: components["schemas"]["SubmissionDocument"] | null;
            /** Submitted At */
            submitted_at: string | null;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Web Case Id */
            web_case_id: string;
        };
        /**
         * CaseInput
         * @description What a dealer writes into a case. A draft may be incomplete; a submission needs a category that exists.
         */
        CaseInput: {
            /**
             * Category
             * @default null
             * @example Warranty
             */
            category?: string | null;
            /**
             * Category Type
             * @description only needed where the category's name stands in several types
             * @default null
             */
            category_type?: string | null;
            /** @default null */
            contact?: components["schemas"]["ContactInput"] | null;
            /**
             * Description
             * @default null
             * @example The hydraulic pump leaks.
             */
            description?: string | null;
            /**
             * Notes
             * @default null
             */
            notes?: string | null;
            /**
             * Priority
             * @default null
             * @example High
             */
            priority?: string | null;
        };
        /**
         * CasePage
         * @description A page of the list; `next` is the cursor of the next one.
         */
        CasePage: {
            /** @description with `counts=true` only */
            counts?: components["schemas"]["CountsDocument"] | null;
            /** Has More */
            has_more: boolean;
            /** Items */
            items: components["schemas"]["CaseDocument"][];
            /** Next */
            next: string | null;
        };
        /**
         * CaseStatus
         * @description A case's status as dealers see it, in the order of its life.
         * @enum {string}
         */
        CaseStatus: "draft" | "submitted" | "in_process" | "open" | "closed" | "canceled";
        /**
         * CategoryDocument
         * @description A category of D365 that a case may have.
         */
        CategoryDocument: {
            /** Category */
            category: string;
            /** Category Type */
            category_type: string;
            /** Description */
            description: string | null;
        };
        /**
         * CategoryList
         * @description The categories of the dealer's legal entity.
         */
        CategoryList: {
            /** Items */
            items: components["schemas"]["CategoryDocument"][];
        };
        /**
         * ContactDocument
         * @description Whom D365's staff may ask about the case.
         */
        ContactDocument: {
            /** Email */
            email: string | null;
            /** Name */
            name: string | null;
            /** Phone */
            phone: string | null;
        };
        /**
         * ContactInput
         * @description Whom D365's staff may ask about the case.
         */
        ContactInput: {
            /**
             * Email
             * @default null
             */
            email?: string | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Phone
             * @default null
             */
            phone?: string | null;
        };
        /**
         * CountDocument
         * @description How many there are, a thousand at most; `more`: more than that (show "1000+").
         */
        CountDocument: {
            /**
             * Count
             * @example 1000
             */
            count: number;
            /**
             * More
             * @example true
             */
            more: boolean;
        };
        /**
         * CountsDocument
         * @description How many cases the list has, and how many it would have for each status alone.
         */
        CountsDocument: {
            /** Statuses */
            statuses: {
                [key: string]: components["schemas"]["CountDocument"];
            };
            total: components["schemas"]["CountDocument"];
        };
        /**
         * DealerDocument
         * @description A dealer that the caller may act for.
         */
        DealerDocument: {
            /** Active */
            active: boolean;
            /** Customer Account */
            customer_account: string;
            /** Data Area Id */
            data_area_id: string;
            /** Dealer */
            dealer: string;
            /** Name */
            name: string | null;
        };
        /**
         * DealerList
         * @description The caller's dealers.
         */
        DealerList: {
            /** Items */
            items: components["schemas"]["DealerDocument"][];
        };
        /**
         * FieldError
         * @description What is wrong with one field; `pointer` is a JSON pointer into the body, or names a query parameter or header.
         */
        FieldError: {
            /** Detail */
            detail: string;
            /** Pointer */
            pointer: string;
        };
        /**
         * LengthDocument
         * @description How long a text may be that is submitted, in UTF-16 units (as `maxlength` of HTML counts).
         */
        LengthDocument: {
            /** Characters */
            characters: number;
            /** Pointer */
            pointer: string;
        };
        /**
         * LengthList
         * @description The texts that D365 shortens, were they longer; others may be as long as this document's schemas say.
         */
        LengthList: {
            /** Items */
            items: components["schemas"]["LengthDocument"][];
        };
        /**
         * Outcome
         * @description What one attempt came to.
         * @enum {string}
         */
        Outcome: "delivered" | "rejected" | "unknown" | "deferred";
        /**
         * PriorityDocument
         * @description A priority of D365 that a case may have.
         */
        PriorityDocument: {
            /** Description */
            description: string | null;
            /** Priority */
            priority: string;
        };
        /**
         * PriorityList
         * @description The priorities of the dealer's legal entity.
         */
        PriorityList: {
            /** Items */
            items: components["schemas"]["PriorityDocument"][];
        };
        /**
         * ProblemDocument
         * @description The body of each error (RFC 9457). Fields that are not listed may come in addition.
         */
        ProblemDocument: {
            /**
             * Allowed Actions
             * @description `not-allowed`: what is possible now
             * @default null
             */
            allowed_actions?: string[] | null;
            /**
             * Current Etag
             * @description `version-changed`: the ETag now
             * @default null
             */
            current_etag?: string | null;
            /**
             * Detail
             * @description for people; may change
             * @default null
             */
            detail?: string | null;
            /**
             * Errors
             * @default null
             */
            errors?: components["schemas"]["FieldError"][] | null;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /**
             * Trace Id
             * @description by which the logs have it
             * @default null
             */
            trace_id?: string | null;
            /**
             * Type
             * @description never changes; docs/problems.md
             */
            type: string;
        } & {
            [key: string]: unknown;
        };
        /**
         * Separator
         * @description What stands between the cells of a line.
         * @enum {string}
         */
        Separator: "comma" | "semicolon" | "tab";
        /**
         * SubmissionDocument
         * @description How far a submission has come.
         */
        SubmissionDocument: {
            /** Attempts */
            attempts: components["schemas"]["AttemptSummary"][];
            /** Case Id */
            case_id: string | null;
            /** Delivered At */
            delivered_at: string | null;
            /**
             * Reason
             * @description what D365 answered, cleaned of technicalities; for people
             */
            reason: string | null;
            state: components["schemas"]["SubmissionState"];
            /** Submission No */
            submission_no: number;
            /**
             * Submitted At
             * Format: date-time
             */
            submitted_at: string;
        };
        /**
         * SubmissionState
         * @description How far a submission has come; a document's state is the same.
         * @enum {string}
         */
        SubmissionState: "pending" | "delivering" | "verifying" | "deferred" | "delivered" | "failed" | "returned" | "discarded";
        /**
         * Timeline
         * @description The life of a case, oldest first.
         */
        Timeline: {
            /** Items */
            items: components["schemas"]["TimelineEntry"][];
        };
        /**
         * TimelineEntry
         * @description Something that happened to a case.
         */
        TimelineEntry: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /**
             * By
             * @description a user; `support` for the operators of the delivery; `D365`
             */
            by: string | null;
            /**
             * Content
             * @description what was submitted
             */
            content: {
                [key: string]: unknown;
            } | null;
            /**
             * Detail
             * @description an attempt's outcome, the reason, the Case ID or the status
             */
            detail: string | null;
            /**
             * Duration Seconds
             * @description sent and the first state: since submitted; each later state: since the one before; an attempt: from its start to its end; a status: since the status before
             */
            duration_seconds: number | null;
            /**
             * Event
             * @description created, submitted, sent (Kafka has it), attempt, deferred, verifying, delivered, failed, replayed, linked, returned, discarded, restored, status, reopened, moved or deleted_in_d365; more may come
             * @example submitted
             */
            event: string;
            /** Submission No */
            submission_no: number | null;
        };
        /**
         * ValidationDocument
         * @description The draft could be submitted as it stands.
         */
        ValidationDocument: {
            /** Valid */
            valid: boolean;
        };
    };
    responses: {
        /** @description `case-submitted`: The case is submitted */
        "case-submitted": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:case-submitted";
                };
            };
        };
        /** @description `case-submitted`: The case is submitted; `idempotency-key-in-use`: A request with this Idempotency-Key is under way */
        "case-submitted-or-idempotency-key-in-use": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:case-submitted" | "urn:casebridge:problem:idempotency-key-in-use";
                };
            };
        };
        /** @description `draft-deleted`: The draft was deleted */
        "draft-deleted": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:draft-deleted";
                };
            };
        };
        /** @description `forbidden`: Not allowed */
        forbidden: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:forbidden";
                };
            };
        };
        /** @description `headers-too-large`: The request's headers are too large */
        "headers-too-large": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:headers-too-large";
                };
            };
        };
        /** @description `idempotency-key-in-use`: A request with this Idempotency-Key is under way */
        "idempotency-key-in-use": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:idempotency-key-in-use";
                };
            };
        };
        /** @description `internal-error`: Something failed on our side */
        "internal-error": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:internal-error";
                };
            };
        };
        /** @description `invalid-request`: The request is not valid */
        "invalid-request": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:invalid-request";
                };
            };
        };
        /** @description `invalid-request`: The request is not valid; `idempotency-key-reused`: The Idempotency-Key was used for another request */
        "invalid-request-or-idempotency-key-reused": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:invalid-request" | "urn:casebridge:problem:idempotency-key-reused";
                };
            };
        };
        /** @description `invalid-request`: The request is not valid; `idempotency-key-reused`: The Idempotency-Key was used for another request; `case-incomplete`: The case cannot be submitted yet */
        "invalid-request-or-idempotency-key-reused-or-case-incomplete": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:invalid-request" | "urn:casebridge:problem:idempotency-key-reused" | "urn:casebridge:problem:case-incomplete";
                };
            };
        };
        /** @description `not-found`: Not found */
        "not-found": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:not-found";
                };
            };
        };
        /** @description `not-found`: Not found; `case-not-submitted`: The case was never submitted */
        "not-found-or-case-not-submitted": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:not-found" | "urn:casebridge:problem:case-not-submitted";
                };
            };
        };
        /** @description `request-timeout`: The request did not come in time */
        "request-timeout": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:request-timeout";
                };
            };
        };
        /** @description `too-large`: The body is too large */
        "too-large": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:too-large";
                };
            };
        };
        /** @description `too-many-requests`: Too many requests */
        "too-many-requests": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:too-many-requests";
                };
            };
        };
        /** @description `too-many-requests`: Too many requests; `too-many-streams`: Too many live streams */
        "too-many-requests-or-too-many-streams": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:too-many-requests" | "urn:casebridge:problem:too-many-streams";
                };
            };
        };
        /** @description `unauthorized`: Not authenticated */
        unauthorized: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:unauthorized";
                };
            };
        };
        /** @description `unavailable`: Not available now */
        unavailable: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:unavailable";
                };
            };
        };
        /** @description `unavailable`: Not available now; `list-too-slow`: The list took too long */
        "unavailable-or-list-too-slow": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:unavailable" | "urn:casebridge:problem:list-too-slow";
                };
            };
        };
        /** @description `unavailable`: Not available now; `lists-unknown`: D365's categories are not known yet */
        "unavailable-or-lists-unknown": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:unavailable" | "urn:casebridge:problem:lists-unknown";
                };
            };
        };
        /** @description `unavailable`: Not available now; `streams-taken`: No live stream is free */
        "unavailable-or-streams-taken": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:unavailable" | "urn:casebridge:problem:streams-taken";
                };
            };
        };
        /** @description `unsupported-media-type`: The body is not valid JSON */
        "unsupported-media-type": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:unsupported-media-type";
                };
            };
        };
        /** @description `version-changed`: The case has changed */
        "version-changed": {
            headers: {
                ETag: components["headers"]["ETag"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:version-changed";
                };
            };
        };
        /** @description `version-required`: If-Match is missing */
        "version-required": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDocument"] & {
                    /** @enum {unknown} */
                    type?: "urn:casebridge:problem:version-required";
                };
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description the version: a case's or document's for If-Match, a weak one for If-None-Match */
        ETag: string;
        /** @description `true`: this is the answer of the first request with this Idempotency-Key */
        "Idempotency-Replayed": string;
        /** @description where it is */
        Location: string;
        /** @description how long it waited for, at most */
        "Preference-Applied": string;
        /** @description seconds after which the request may be repeated */
        "Retry-After": string;
        /** @description what was wrong with the token, or which scope it lacks (RFC 6750) */
        "WWW-Authenticate": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_dealers: {
        parameters: {
            query?: never;
            header?: {
                /** @description the ETag of what you have; 304 where it is the same */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "active": true,
                     *           "customer_account": "US-001",
                     *           "data_area_id": "usmf",
                     *           "dealer": "usmf-us-001",
                     *           "name": "Contoso Equipment"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["DealerList"];
                };
            };
            /** @description You have it already (`If-None-Match`) */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            408: components["responses"]["request-timeout"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
    list_cases: {
        parameters: {
            query?: {
                /** @description Part of a Web Case ID, a Case ID, a user (created_by) or a status's label (English, German, Icelandic), from one character on. Case, invisible characters and the punctuation around it are ignored; dashes and full-width characters are read as the plain ones, O also as 0, and I and L as 1. If nothing is left, all cases are found. */
                q?: string | null;
                /** @description words that all stand in the case's description or notes, in any order, each of them anywhere; read as `q` is */
                text?: string | null;
                /** @description one or more, with commas between them */
                status?: string | null;
                /** @description as the case shows it: D365's once D365 has the case */
                category?: string | null;
                /** @description as the case shows it */
                priority?: string | null;
                /** @description a user's name, case ignored; `me` is the caller, by whatever name */
                created_by?: string | null;
                origin?: string | null;
                /** @description a date (its day in `zone` begins the range) or a time */
                created_from?: (string | unknown | unknown) | null;
                /** @description a date (the whole of its day in `zone` is within) or a time, included */
                created_to?: (string | unknown | unknown) | null;
                /** @description true: submitted, but D365 does not have it yet; false: the others */
                undelivered?: boolean | null;
                /** @description the time zone whose days `created_from` and `created_to` name */
                zone?: string;
                /** @description a column, `-` for descending. What has no value comes last both ways; equals are sorted by created_at, then web_case_id, in the same direction. Status goes by the order of a case's life, priority by D365's where it is configured, else by its name; created_by, category, priority and description by the alphabet of `Accept-Language` (English, German or Icelandic, else the Unicode root's), ignoring case and, the last three, what is beyond 100 characters. */
                sort?: "web_case_id" | "-web_case_id" | "case_id" | "-case_id" | "status" | "-status" | "category" | "-category" | "priority" | "-priority" | "description" | "-description" | "created_by" | "-created_by" | "created_at" | "-created_at" | "updated_at" | "-updated_at" | "submitted_at" | "-submitted_at";
                /** @description `next` of the page before; q, filters and sort must be the same */
                cursor?: string | null;
                limit?: number;
                /** @description count the cases, too: in all, and by status whatever `status` names */
                counts?: boolean;
            };
            header?: never;
            path: {
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "has_more": false,
                     *       "items": [
                     *         {
                     *           "allowed_actions": [
                     *             "copy"
                     *           ],
                     *           "case_id": "C-000123",
                     *           "category": "Warranty",
                     *           "category_type": "Service",
                     *           "contact": {
                     *             "email": "dana@dealer.example",
                     *             "name": "Dana Smith",
                     *             "phone": "+1 555 0100"
                     *           },
                     *           "created_at": "2026-03-02T09:30:01.221Z",
                     *           "created_by": "dana",
                     *           "dealer": "usmf-us-001",
                     *           "deleted_in_d365_at": null,
                     *           "description": "The hydraulic pump leaks.",
                     *           "moved_at": null,
                     *           "notes": "Call first.",
                     *           "origin": "portal",
                     *           "priority": "High",
                     *           "status": "in_process",
                     *           "status_as_of": "2026-03-02T10:02:41Z",
                     *           "submission": {
                     *             "attempts": [
                     *               {
                     *                 "ended": "2026-03-02T09:31:13.870Z",
                     *                 "outcome": "delivered",
                     *                 "started": "2026-03-02T09:31:12.950Z"
                     *               }
                     *             ],
                     *             "case_id": "C-000123",
                     *             "delivered_at": "2026-03-02T09:31:13.870Z",
                     *             "reason": null,
                     *             "state": "delivered",
                     *             "submission_no": 1,
                     *             "submitted_at": "2026-03-02T09:31:12.104Z"
                     *           },
                     *           "submitted_at": "2026-03-02T09:31:12.104Z",
                     *           "updated_at": "2026-03-02T09:31:12.104Z",
                     *           "web_case_id": "W7K3M9QX2T"
                     *         }
                     *       ],
                     *       "next": null
                     *     }
                     */
                    "application/json": components["schemas"]["CasePage"];
                };
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable-or-list-too-slow"];
        };
    };
    create_case: {
        parameters: {
            query?: never;
            header?: {
                /** @description makes the request safe to repeat: the same answer again, with `Idempotency-Replayed: true`, and no second effect */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "category": "Warranty",
                 *       "category_type": "Service",
                 *       "contact": {
                 *         "email": "dana@dealer.example",
                 *         "name": "Dana Smith",
                 *         "phone": "+1 555 0100"
                 *       },
                 *       "description": "The hydraulic pump leaks.",
                 *       "notes": "Call first.",
                 *       "priority": "High"
                 *     }
                 */
                "application/json": components["schemas"]["CaseInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_actions": [
                     *         "edit",
                     *         "delete",
                     *         "submit",
                     *         "copy"
                     *       ],
                     *       "case_id": null,
                     *       "category": "Warranty",
                     *       "category_type": "Service",
                     *       "contact": {
                     *         "email": "dana@dealer.example",
                     *         "name": "Dana Smith",
                     *         "phone": "+1 555 0100"
                     *       },
                     *       "created_at": "2026-03-02T09:30:01.221Z",
                     *       "created_by": "dana",
                     *       "dealer": "usmf-us-001",
                     *       "deleted_in_d365_at": null,
                     *       "description": "The hydraulic pump leaks.",
                     *       "moved_at": null,
                     *       "notes": "Call first.",
                     *       "origin": "portal",
                     *       "priority": "High",
                     *       "status": "draft",
                     *       "status_as_of": null,
                     *       "submission": null,
                     *       "submitted_at": null,
                     *       "updated_at": "2026-03-02T09:30:01.221Z",
                     *       "web_case_id": "W7K3M9QX2T"
                     *     }
                     */
                    "application/json": components["schemas"]["CaseDocument"];
                };
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            409: components["responses"]["idempotency-key-in-use"];
            410: components["responses"]["draft-deleted"];
            413: components["responses"]["too-large"];
            415: components["responses"]["unsupported-media-type"];
            422: components["responses"]["invalid-request-or-idempotency-key-reused"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
    export_cases: {
        parameters: {
            query?: {
                /** @description Part of a Web Case ID, a Case ID, a user (created_by) or a status's label (English, German, Icelandic), from one character on. Case, invisible characters and the punctuation around it are ignored; dashes and full-width characters are read as the plain ones, O also as 0, and I and L as 1. If nothing is left, all cases are found. */
                q?: string | null;
                /** @description words that all stand in the case's description or notes, in any order, each of them anywhere; read as `q` is */
                text?: string | null;
                /** @description one or more, with commas between them */
                status?: string | null;
                /** @description as the case shows it: D365's once D365 has the case */
                category?: string | null;
                /** @description as the case shows it */
                priority?: string | null;
                /** @description a user's name, case ignored; `me` is the caller, by whatever name */
                created_by?: string | null;
                origin?: string | null;
                /** @description a date (its day in `zone` begins the range) or a time */
                created_from?: (string | unknown | unknown) | null;
                /** @description a date (the whole of its day in `zone` is within) or a time, included */
                created_to?: (string | unknown | unknown) | null;
                /** @description true: submitted, but D365 does not have it yet; false: the others */
                undelivered?: boolean | null;
                /** @description the time zone of the file's times, whose days `created_from` and `created_to` name */
                zone?: string;
                /** @description a column, `-` for descending. What has no value comes last both ways; equals are sorted by created_at, then web_case_id, in the same direction. Status goes by the order of a case's life, priority by D365's where it is configured, else by its name; created_by, category, priority and description by the alphabet of `Accept-Language` (English, German or Icelandic, else the Unicode root's), ignoring case and, the last three, what is beyond 100 characters. */
                sort?: "web_case_id" | "-web_case_id" | "case_id" | "-case_id" | "status" | "-status" | "category" | "-category" | "priority" | "-priority" | "description" | "-description" | "created_by" | "-created_by" | "created_at" | "-created_at" | "updated_at" | "-updated_at" | "submitted_at" | "-submitted_at";
                /** @description between cells; default: that of the spreadsheets in the language of `Accept-Language` */
                separator?: components["schemas"]["Separator"] | null;
            };
            header?: never;
            path: {
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a line a case, with a line of names */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable-or-list-too-slow"];
        };
    };
    watch_cases: {
        parameters: {
            query?: never;
            header?: {
                /** @description the last `id` of a stream before: goes on behind it */
                "Last-Event-ID"?: string;
            };
            path: {
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events, until the token expires */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            429: components["responses"]["too-many-requests-or-too-many-streams"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable-or-streams-taken"];
        };
    };
    get_case: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                web_case_id: string;
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_actions": [
                     *         "copy"
                     *       ],
                     *       "case_id": "C-000123",
                     *       "category": "Warranty",
                     *       "category_type": "Service",
                     *       "contact": {
                     *         "email": "dana@dealer.example",
                     *         "name": "Dana Smith",
                     *         "phone": "+1 555 0100"
                     *       },
                     *       "created_at": "2026-03-02T09:30:01.221Z",
                     *       "created_by": "dana",
                     *       "dealer": "usmf-us-001",
                     *       "deleted_in_d365_at": null,
                     *       "description": "The hydraulic pump leaks.",
                     *       "moved_at": null,
                     *       "notes": "Call first.",
                     *       "origin": "portal",
                     *       "priority": "High",
                     *       "status": "in_process",
                     *       "status_as_of": "2026-03-02T10:02:41Z",
                     *       "submission": {
                     *         "attempts": [
                     *           {
                     *             "ended": "2026-03-02T09:31:13.870Z",
                     *             "outcome": "delivered",
                     *             "started": "2026-03-02T09:31:12.950Z"
                     *           }
                     *         ],
                     *         "case_id": "C-000123",
                     *         "delivered_at": "2026-03-02T09:31:13.870Z",
                     *         "reason": null,
                     *         "state": "delivered",
                     *         "submission_no": 1,
                     *         "submitted_at": "2026-03-02T09:31:12.104Z"
                     *       },
                     *       "submitted_at": "2026-03-02T09:31:12.104Z",
                     *       "updated_at": "2026-03-02T09:31:12.104Z",
                     *       "web_case_id": "W7K3M9QX2T"
                     *     }
                     */
                    "application/json": components["schemas"]["CaseDocument"];
                };
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
    delete_case: {
        parameters: {
            query?: never;
            header: {
                /** @description the case's ETag; 412 where it has changed since */
                "If-Match": string;
            };
            path: {
                web_case_id: string;
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            409: components["responses"]["case-submitted"];
            412: components["responses"]["version-changed"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            428: components["responses"]["version-required"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
    edit_case: {
        parameters: {
            query?: never;
            header: {
                /** @description the case's ETag; 412 where it has changed since */
                "If-Match": string;
            };
            path: {
                web_case_id: string;
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "category": "Warranty",
                 *       "category_type": "Service",
                 *       "contact": {
                 *         "email": "dana@dealer.example",
                 *         "name": "Dana Smith",
                 *         "phone": "+1 555 0100"
                 *       },
                 *       "description": "The hydraulic pump leaks.",
                 *       "notes": "Call first.",
                 *       "priority": "High"
                 *     }
                 */
                "application/json": components["schemas"]["CaseInput"];
                /**
                 * @example {
                 *       "category": "Warranty",
                 *       "category_type": "Service",
                 *       "contact": {
                 *         "email": "dana@dealer.example",
                 *         "name": "Dana Smith",
                 *         "phone": "+1 555 0100"
                 *       },
                 *       "description": "The hydraulic pump leaks.",
                 *       "notes": "Call first.",
                 *       "priority": "High"
                 *     }
                 */
                "application/merge-patch+json": components["schemas"]["CaseInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_actions": [
                     *         "edit",
                     *         "delete",
                     *         "submit",
                     *         "copy"
                     *       ],
                     *       "case_id": null,
                     *       "category": "Warranty",
                     *       "category_type": "Service",
                     *       "contact": {
                     *         "email": "dana@dealer.example",
                     *         "name": "Dana Smith",
                     *         "phone": "+1 555 0100"
                     *       },
                     *       "created_at": "2026-03-02T09:30:01.221Z",
                     *       "created_by": "dana",
                     *       "dealer": "usmf-us-001",
                     *       "deleted_in_d365_at": null,
                     *       "description": "The hydraulic pump leaks.",
                     *       "moved_at": null,
                     *       "notes": "Call first.",
                     *       "origin": "portal",
                     *       "priority": "High",
                     *       "status": "draft",
                     *       "status_as_of": null,
                     *       "submission": null,
                     *       "submitted_at": null,
                     *       "updated_at": "2026-03-02T09:30:01.221Z",
                     *       "web_case_id": "W7K3M9QX2T"
                     *     }
                     */
                    "application/json": components["schemas"]["CaseDocument"];
                };
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            409: components["responses"]["case-submitted"];
            412: components["responses"]["version-changed"];
            413: components["responses"]["too-large"];
            415: components["responses"]["unsupported-media-type"];
            422: components["responses"]["invalid-request"];
            428: components["responses"]["version-required"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
    copy_case: {
        parameters: {
            query?: never;
            header?: {
                /** @description makes the request safe to repeat: the same answer again, with `Idempotency-Replayed: true`, and no second effect */
                "Idempotency-Key"?: string;
            };
            path: {
                web_case_id: string;
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_actions": [
                     *         "edit",
                     *         "delete",
                     *         "submit",
                     *         "copy"
                     *       ],
                     *       "case_id": null,
                     *       "category": "Warranty",
                     *       "category_type": "Service",
                     *       "contact": {
                     *         "email": "dana@dealer.example",
                     *         "name": "Dana Smith",
                     *         "phone": "+1 555 0100"
                     *       },
                     *       "created_at": "2026-03-02T09:30:01.221Z",
                     *       "created_by": "dana",
                     *       "dealer": "usmf-us-001",
                     *       "deleted_in_d365_at": null,
                     *       "description": "The hydraulic pump leaks.",
                     *       "moved_at": null,
                     *       "notes": "Call first.",
                     *       "origin": "portal",
                     *       "priority": "High",
                     *       "status": "draft",
                     *       "status_as_of": null,
                     *       "submission": null,
                     *       "submitted_at": null,
                     *       "updated_at": "2026-03-02T09:30:01.221Z",
                     *       "web_case_id": "W7K3M9QX2T"
                     *     }
                     */
                    "application/json": components["schemas"]["CaseDocument"];
                };
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            409: components["responses"]["idempotency-key-in-use"];
            410: components["responses"]["draft-deleted"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request-or-idempotency-key-reused"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
    get_submission: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=N`: answer when the outcome is known, after N seconds (30) at most */
                Prefer?: string;
                /** @description the ETag of what you have; 304 where it is the same */
                "If-None-Match"?: string;
            };
            path: {
                web_case_id: string;
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "attempts": [
                     *         {
                     *           "ended": "2026-03-02T09:31:13.870Z",
                     *           "outcome": "delivered",
                     *           "started": "2026-03-02T09:31:12.950Z"
                     *         }
                     *       ],
                     *       "case_id": "C-000123",
                     *       "delivered_at": "2026-03-02T09:31:13.870Z",
                     *       "reason": null,
                     *       "state": "delivered",
                     *       "submission_no": 1,
                     *       "submitted_at": "2026-03-02T09:31:12.104Z"
                     *     }
                     */
                    "application/json": components["schemas"]["SubmissionDocument"];
                };
            };
            /** @description You have it already (`If-None-Match`) */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found-or-case-not-submitted"];
            408: components["responses"]["request-timeout"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
    submit_case: {
        parameters: {
            query?: {
                /** @description check, but do not submit */
                validate_only?: boolean;
            };
            header: {
                /** @description the case's ETag; 412 where it has changed since */
                "If-Match": string;
                /** @description `wait=N`: answer when the outcome is known, after N seconds (30) at most */
                Prefer?: string;
                /** @description makes the request safe to repeat: the same answer again, with `Idempotency-Replayed: true`, and no second effect */
                "Idempotency-Key"?: string;
            };
            path: {
                web_case_id: string;
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `validate_only`: nothing stands in the way */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "valid": true
                     *     }
                     */
                    "application/json": components["schemas"]["ValidationDocument"];
                };
            };
            /** @description Successful Response */
            202: {
                headers: {
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    Location: components["headers"]["Location"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "attempts": [],
                     *       "case_id": null,
                     *       "delivered_at": null,
                     *       "reason": null,
                     *       "state": "pending",
                     *       "submission_no": 1,
                     *       "submitted_at": "2026-03-02T09:31:12.104Z"
                     *     }
                     */
                    "application/json": components["schemas"]["SubmissionDocument"];
                };
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            409: components["responses"]["case-submitted-or-idempotency-key-in-use"];
            412: components["responses"]["version-changed"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request-or-idempotency-key-reused-or-case-incomplete"];
            428: components["responses"]["version-required"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable-or-lists-unknown"];
        };
    };
    get_timeline: {
        parameters: {
            query?: never;
            header?: {
                /** @description the ETag of what you have; 304 where it is the same */
                "If-None-Match"?: string;
            };
            path: {
                web_case_id: string;
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "at": "2026-03-02T09:31:12.104Z",
                     *           "by": "dana",
                     *           "content": {
                     *             "category": "Warranty",
                     *             "category_type": "Service",
                     *             "contact": {
                     *               "email": "dana@dealer.example",
                     *               "name": "Dana Smith",
                     *               "phone": "+1 555 0100"
                     *             },
                     *             "description": "The hydraulic pump leaks.",
                     *             "notes": "Call first.",
                     *             "priority": "High"
                     *           },
                     *           "detail": null,
                     *           "duration_seconds": null,
                     *           "event": "submitted",
                     *           "submission_no": 1
                     *         },
                     *         {
                     *           "at": "2026-03-02T09:31:13.870Z",
                     *           "by": null,
                     *           "content": null,
                     *           "detail": "C-000123",
                     *           "duration_seconds": 1.766,
                     *           "event": "delivered",
                     *           "submission_no": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Timeline"];
                };
            };
            /** @description You have it already (`If-None-Match`) */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
    list_categories: {
        parameters: {
            query?: never;
            header?: {
                /** @description the ETag of what you have; 304 where it is the same */
                "If-None-Match"?: string;
            };
            path: {
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "category": "Warranty",
                     *           "category_type": "Service",
                     *           "description": "Warranty claims"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["CategoryList"];
                };
            };
            /** @description You have it already (`If-None-Match`) */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
    list_lengths: {
        parameters: {
            query?: never;
            header?: {
                /** @description the ETag of what you have; 304 where it is the same */
                "If-None-Match"?: string;
            };
            path: {
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "characters": 60,
                     *           "pointer": "/description"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["LengthList"];
                };
            };
            /** @description You have it already (`If-None-Match`) */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
    list_priorities: {
        parameters: {
            query?: never;
            header?: {
                /** @description the ETag of what you have; 304 where it is the same */
                "If-None-Match"?: string;
            };
            path: {
                /** @description slug */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "description": "At once",
                     *           "priority": "High"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["PriorityList"];
                };
            };
            /** @description You have it already (`If-None-Match`) */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthorized"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            408: components["responses"]["request-timeout"];
            413: components["responses"]["too-large"];
            422: components["responses"]["invalid-request"];
            429: components["responses"]["too-many-requests"];
            431: components["responses"]["headers-too-large"];
            500: components["responses"]["internal-error"];
            503: components["responses"]["unavailable"];
        };
    };
}
