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
         * @description Return the dealers in the token that Casebridge knows.
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
         * @description Return one page of the dealer's cases, including cases that were created in D365.
         */
        get: operations["list_cases"];
        put?: never;
        /**
         * Save a new draft
         * @description Save a draft, which may be incomplete. The answer contains its Web Case ID.
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
         * @description Return all cases of the list, in the same order and without a limit.
         *
         *     The file is UTF-8 with a byte order mark. `separator` separates the cells; its default depends on
         *     `Accept-Language`. Times are in the time zone `zone`, which the column headers name, in the form
         *     `2026-01-31 08:00:05`, which every spreadsheet reads as a time. An apostrophe precedes text that a spreadsheet could
         *     take for a formula. If the answer breaks off (the database is lost), its last chunk is missing: clients see an error
         *     and never a shortened list.
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
         * @description Stream each change that D365 or the delivery makes to the dealer's cases.
         *
         *     - `event: case`: the case, as `GET /cases/{web_case_id}` returns it. A case can occur twice; the last one counts.
         *     - `event: resync`: fetch the list again, because the stream skipped something. `{"reason"}` is `unknown_id`,
         *       `too_old`, `too_slow`, `interrupted` or `removed` (a case is no longer the dealer's). The stream continues.
         *     - `event: end`: the last event. `{"reason"}` is `token_expired` (connect with a new token) or `stopping` (connect
         *       again at once).
         *
         *     **Connect first, then list**: the stream contains what happens in between. Keep the last `id` (comments have one
         *     too) and send it as `Last-Event-ID` to continue, at any replica. Send the token in `Authorization`. The browsers'
         *     `EventSource` cannot do that: read the stream with `fetch`. The stream does not show changes to drafts.
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
         * @description Return one case with its ETag.
         */
        get: operations["get_case"];
        put?: never;
        post?: never;
        /**
         * Delete a draft
         * @description Delete a draft permanently. A draft that was submitted before cannot be deleted.
         */
        delete: operations["delete_case"];
        options?: never;
        head?: never;
        /**
         * Change a draft
         * @description Change a draft with a merge patch. null empties a field; fields that you leave out stay as they are.
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
         * @description Create a new draft with the same content.
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
         * Get the submission's progress
         * @description Return the case's current submission. With `Prefer: wait`, the answer waits until the outcome is known.
         */
        get: operations["get_submission"];
        put?: never;
        /**
         * Submit a case
         * @description Submit a draft.
         *
         *     This cannot be undone. Repeating the request with the submitted version returns the same answer and has no further
         *     effect.
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
         * Get a case's timeline
         * @description Return who did what and when, what D365 answered, and how long each stage took.
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
         * @description Return the categories that cases of the dealer's legal entity can have.
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
         * List maximum text lengths
         * @description Return the texts for which D365 has a lower limit than drafts have. A longer text cannot be submitted (422).
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
         * @description Return the priorities of the dealer's legal entity.
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
         * @description One attempt, as a dealer may see it.
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
         * @description A case. Once D365 has it, category, priority and description come from D365.
         */
        CaseDocument: {
            /** Allowed Actions */
            allowed_actions: components["schemas"]["Action"][];
            /**
             * Case Id
             * @description D365's ID of the case. null until D365 has the case.
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
             * @description null if the case was created in D365.
             */
            created_by: string | null;
            /** Dealer */
            dealer: string;
            /**
             * Deleted In D365 At
             * @description When Casebridge found that D365 no longer has the case. null if D365 has it.
             */
            deleted_in_d365_at: string | null;
            /** Description */
            description: string | null;
            /**
             * Moved At
             * @description When the case moved in D365 to another customer, another legal entity, or a category type that dealers do not see. The case then shows what was submitted and its last status before that. null if it did not move.
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
         * @description What a dealer writes in a case. A draft may be incomplete; a submission needs a valid category.
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
             * @description Needed only if several types have a category with this name.
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
         * @description One page of the list. `next` is the cursor of the next page.
         */
        CasePage: {
            /** @description Present only with `counts=true`. */
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
         * @description The status of a case as dealers see it, in the order of a case's life.
         * @enum {string}
         */
        CaseStatus: "draft" | "submitted" | "in_process" | "open" | "closed" | "canceled";
        /**
         * CategoryDocument
         * @description A category from D365 that a case can have.
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
         * @description The person to ask about the case.
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
         * @description The person to ask about the case.
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
         * @description A count of up to 1,000. `more` means that it is higher: show "1000+".
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
         * @description How many cases the list contains, and how many it would contain for each single status.
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
         * @description A dealer that the caller can act for.
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
         * @description What is wrong with one field. `pointer` is a JSON pointer into the body, or names a query parameter or header.
         */
        FieldError: {
            /** Detail */
            detail: string;
            /** Pointer */
            pointer: string;
        };
        /**
         * LengthDocument
         * @description The maximum length of a text in a submission, in UTF-16 units (like `maxlength` in HTML).
         */
        LengthDocument: {
            /** Characters */
            characters: number;
            /** Pointer */
            pointer: string;
        };
        /**
         * LengthList
         * @description Texts for which D365 has a lower limit than this document's schemas.
         *
         *     All other texts may be as long as the schemas say.
         */
        LengthList: {
            /** Items */
            items: components["schemas"]["LengthDocument"][];
        };
        /**
         * Outcome
         * @description The outcome of one attempt.
         * @enum {string}
         */
        Outcome: "delivered" | "rejected" | "unknown" | "deferred";
        /**
         * PriorityDocument
         * @description A priority from D365 that a case can have.
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
         * @description The body of each error (RFC 9457). It may contain further fields.
         */
        ProblemDocument: {
            /**
             * Allowed Actions
             * @description For `not-allowed`: what is possible now.
             * @default null
             */
            allowed_actions?: string[] | null;
            /**
             * Current Etag
             * @description For `version-changed`: the current ETag.
             * @default null
             */
            current_etag?: string | null;
            /**
             * Detail
             * @description For people. The text may change.
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
             * @description The trace ID, which also appears in the logs.
             * @default null
             */
            trace_id?: string | null;
            /**
             * Type
             * @description The type of the problem, which never changes. See docs/problems.md.
             */
            type: string;
        } & {
            [key: string]: unknown;
        };
        /**
         * Separator
         * @description The separator between the cells of a line.
         * @enum {string}
         */
        Separator: "comma" | "semicolon" | "tab";
        /**
         * SubmissionDocument
         * @description The progress of a submission.
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
             * @description What D365 answered, in words for people, without technical details.
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
         * @description The progress of a submission, and the state of its document.
         * @enum {string}
         */
        SubmissionState: "pending" | "delivering" | "verifying" | "deferred" | "delivered" | "failed" | "returned" | "discarded";
        /**
         * Timeline
         * @description The timeline of a case, oldest event first.
         */
        Timeline: {
            /** Items */
            items: components["schemas"]["TimelineEntry"][];
        };
        /**
         * TimelineEntry
         * @description One event in the life of a case.
         */
        TimelineEntry: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /**
             * By
             * @description A user, `support` (the operators) or `D365`.
             */
            by: string | null;
            /**
             * Content
             * @description What was submitted.
             */
            content: {
                [key: string]: unknown;
            } | null;
            /**
             * Detail
             * @description The outcome of an attempt, the reason, the Case ID or the status.
             */
            detail: string | null;
            /**
             * Duration Seconds
             * @description For `sent` and the first state: the time since the submission; for later states: since the previous state; for an attempt: its duration; for a status: since the previous status.
             */
            duration_seconds: number | null;
            /**
             * Event
             * @description One of created, submitted, sent (to Kafka), attempt, deferred, verifying, delivered, failed, replayed, linked, returned, discarded, restored, status, reopened, moved or deleted_in_d365. Later versions may add more.
             * @example submitted
             */
            event: string;
            /** Submission No */
            submission_no: number | null;
        };
        /**
         * ValidationDocument
         * @description The draft can be submitted as it is.
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
        /** @description `case-submitted`: The case is submitted; `idempotency-key-in-use`: Another request with this Idempotency-Key is running */
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
        /** @description `idempotency-key-in-use`: Another request with this Idempotency-Key is running */
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
        /** @description `internal-error`: Something went wrong on our side */
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
        /** @description `request-timeout`: The request did not arrive in time */
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
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
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
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
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
        /** @description `unavailable`: Temporarily unavailable */
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
        /** @description `unavailable`: Temporarily unavailable; `list-too-slow`: The list took too long */
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
        /** @description `unavailable`: Temporarily unavailable; `lists-unknown`: D365's categories are not known yet */
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
        /** @description `unavailable`: Temporarily unavailable; `streams-taken`: No live stream is free */
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
        /** @description The name under which to save the file. */
        "Content-Disposition": string;
        /** @description The version: of a case or document for If-Match, otherwise a weak one for If-None-Match. */
        ETag: string;
        /** @description `true` if this is the answer to an earlier request with this Idempotency-Key. */
        "Idempotency-Replayed": string;
        /** @description The address of the resource. */
        Location: string;
        /** @description The maximum wait that was applied. */
        "Preference-Applied": string;
        /** @description The limit that refused the request, what is left of it (`r`), and the seconds to wait (`t`). */
        RateLimit: string;
        /** @description The limit's name, its requests (`q`), and for how many seconds they are (`w`). */
        "RateLimit-Policy": string;
        /** @description The number of seconds to wait before repeating the request. */
        "Retry-After": string;
        /** @description The request headers on which the answer depends; a cache must compare them. */
        Vary: string;
        /** @description What is wrong with the token, or which scope it lacks (RFC 6750). */
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
                /** @description The ETag of the version you have. If it is still current, the answer is 304. */
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
            /** @description Not modified: you have the current version (`If-None-Match`). */
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
                /** @description Part of a Web Case ID, a Case ID, a user (`created_by`) or a status label (English, German, Icelandic); one character is enough. Upper and lower case, invisible characters and surrounding punctuation make no difference; typographic dashes and full-width characters match the plain ones, O also matches 0, and I and L match 1. If nothing is left to search for, the list contains all cases. */
                q?: string | null;
                /** @description Words that must all occur in the case's description or notes, in any order and also within words. Characters match as for `q`. */
                text?: string | null;
                /** @description One or more statuses, separated by commas. */
                status?: string | null;
                /** @description The category that the case shows: D365's, once D365 has the case. */
                category?: string | null;
                /** @description The priority that the case shows. */
                priority?: string | null;
                /** @description A username, in upper or lower case. `me` means the caller, under any username. */
                created_by?: string | null;
                origin?: string | null;
                /** @description The first day (in `zone`) or time of the range. */
                created_from?: (string | unknown | unknown) | null;
                /** @description The last day (in `zone`) or time of the range, inclusive. */
                created_to?: (string | unknown | unknown) | null;
                /** @description `true`: only cases that are submitted but not in D365 yet. `false`: all others. */
                undelivered?: boolean | null;
                /** @description The time zone of the days in `created_from` and `created_to`. */
                zone?: string;
                /** @description The column to sort by; `-` before it means descending. Cases without a value come last in both directions; cases with equal values are sorted by created_at, then web_case_id, in the same direction. Status follows the order of a case's life. Priority follows D365's configured order, or its name if D365 has none. created_by, category, priority and description follow the alphabet of `Accept-Language` (English, German or Icelandic, otherwise the Unicode root's) and ignore upper and lower case; only the first 100 characters of category, priority and description count. */
                sort?: "web_case_id" | "-web_case_id" | "case_id" | "-case_id" | "status" | "-status" | "category" | "-category" | "priority" | "-priority" | "description" | "-description" | "created_by" | "-created_by" | "created_at" | "-created_at" | "updated_at" | "-updated_at" | "submitted_at" | "-submitted_at";
                /** @description `next` of the previous page. q, text, filters, sort and `Accept-Language` must be the same. */
                cursor?: string | null;
                limit?: number;
                /** @description Whether to count the cases too: in total, and for each status (regardless of `status`). */
                counts?: boolean;
            };
            header?: {
                /** @description The reader's languages. They decide the alphabet for `sort` and, in a CSV file, the default `separator`. A cursor is valid only with the language of its list. */
                "Accept-Language"?: string;
            };
            path: {
                /** @description The dealer's slug. */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    Vary: components["headers"]["Vary"];
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
                /** @description Makes the request safe to repeat: a repetition gets the same answer, with `Idempotency-Replayed: true`, and has no further effect. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The dealer's slug. */
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
                /** @description Part of a Web Case ID, a Case ID, a user (`created_by`) or a status label (English, German, Icelandic); one character is enough. Upper and lower case, invisible characters and surrounding punctuation make no difference; typographic dashes and full-width characters match the plain ones, O also matches 0, and I and L match 1. If nothing is left to search for, the list contains all cases. */
                q?: string | null;
                /** @description Words that must all occur in the case's description or notes, in any order and also within words. Characters match as for `q`. */
                text?: string | null;
                /** @description One or more statuses, separated by commas. */
                status?: string | null;
                /** @description The category that the case shows: D365's, once D365 has the case. */
                category?: string | null;
                /** @description The priority that the case shows. */
                priority?: string | null;
                /** @description A username, in upper or lower case. `me` means the caller, under any username. */
                created_by?: string | null;
                origin?: string | null;
                /** @description The first day (in `zone`) or time of the range. */
                created_from?: (string | unknown | unknown) | null;
                /** @description The last day (in `zone`) or time of the range, inclusive. */
                created_to?: (string | unknown | unknown) | null;
                /** @description `true`: only cases that are submitted but not in D365 yet. `false`: all others. */
                undelivered?: boolean | null;
                /** @description The time zone of the times in the file, and of the days in `created_from` and `created_to`. */
                zone?: string;
                /** @description The column to sort by; `-` before it means descending. Cases without a value come last in both directions; cases with equal values are sorted by created_at, then web_case_id, in the same direction. Status follows the order of a case's life. Priority follows D365's configured order, or its name if D365 has none. created_by, category, priority and description follow the alphabet of `Accept-Language` (English, German or Icelandic, otherwise the Unicode root's) and ignore upper and lower case; only the first 100 characters of category, priority and description count. */
                sort?: "web_case_id" | "-web_case_id" | "case_id" | "-case_id" | "status" | "-status" | "category" | "-category" | "priority" | "-priority" | "description" | "-description" | "created_by" | "-created_by" | "created_at" | "-created_at" | "updated_at" | "-updated_at" | "submitted_at" | "-submitted_at";
                /** @description The separator between cells. Default: what spreadsheets in the language of `Accept-Language` use. */
                separator?: components["schemas"]["Separator"] | null;
            };
            header?: {
                /** @description The reader's languages. They decide the alphabet for `sort` and, in a CSV file, the default `separator`. A cursor is valid only with the language of its list. */
                "Accept-Language"?: string;
            };
            path: {
                /** @description The dealer's slug. */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A header line, then one line per case. */
            200: {
                headers: {
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    Vary: components["headers"]["Vary"];
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
                /** @description The last `id` you received. The stream continues after it. */
                "Last-Event-ID"?: string;
            };
            path: {
                /** @description The dealer's slug. */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events until the token expires. */
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
                /** @description The dealer's slug. */
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
                /** @description The case's ETag. If the case has changed since, the answer is 412. */
                "If-Match": string;
            };
            path: {
                web_case_id: string;
                /** @description The dealer's slug. */
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
                /** @description The case's ETag. If the case has changed since, the answer is 412. */
                "If-Match": string;
            };
            path: {
                web_case_id: string;
                /** @description The dealer's slug. */
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
                /** @description Makes the request safe to repeat: a repetition gets the same answer, with `Idempotency-Replayed: true`, and has no further effect. */
                "Idempotency-Key"?: string;
            };
            path: {
                web_case_id: string;
                /** @description The dealer's slug. */
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
                /** @description `wait=N`: wait for the outcome, up to N seconds (30 at most). */
                Prefer?: string;
                /** @description The ETag of the version you have. If it is still current, the answer is 304. */
                "If-None-Match"?: string;
            };
            path: {
                web_case_id: string;
                /** @description The dealer's slug. */
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
                    "Preference-Applied": components["headers"]["Preference-Applied"];
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
            /** @description Not modified: you have the current version (`If-None-Match`). */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
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
                /** @description Check the case, but do not submit it. */
                validate_only?: boolean;
            };
            header: {
                /** @description The case's ETag. If the case has changed since, the answer is 412. */
                "If-Match": string;
                /** @description `wait=N`: wait for the outcome, up to N seconds (30 at most). */
                Prefer?: string;
                /** @description Makes the request safe to repeat: a repetition gets the same answer, with `Idempotency-Replayed: true`, and has no further effect. */
                "Idempotency-Key"?: string;
            };
            path: {
                web_case_id: string;
                /** @description The dealer's slug. */
                dealer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With `validate_only`: the case can be submitted. */
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
                /** @description The ETag of the version you have. If it is still current, the answer is 304. */
                "If-None-Match"?: string;
            };
            path: {
                web_case_id: string;
                /** @description The dealer's slug. */
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
            /** @description Not modified: you have the current version (`If-None-Match`). */
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
                /** @description The ETag of the version you have. If it is still current, the answer is 304. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description The dealer's slug. */
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
            /** @description Not modified: you have the current version (`If-None-Match`). */
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
                /** @description The ETag of the version you have. If it is still current, the answer is 304. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description The dealer's slug. */
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
            /** @description Not modified: you have the current version (`If-None-Match`). */
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
                /** @description The ETag of the version you have. If it is still current, the answer is 304. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description The dealer's slug. */
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
            /** @description Not modified: you have the current version (`If-None-Match`). */
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
