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
        get: operations["dealers_v1_dealers_get"];
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
         * List cases, newest first
         * @description A page of the dealer's cases, those born in D365 included.
         */
        get: operations["list__v1_dealers__dealer__cases_get"];
        put?: never;
        /**
         * Save a new draft
         * @description Save a draft; it may be incomplete. The answer has its Web Case ID.
         */
        post: operations["create_v1_dealers__dealer__cases_post"];
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
        get: operations["get_v1_dealers__dealer__cases__web_case_id__get"];
        put?: never;
        post?: never;
        /**
         * Delete a draft
         * @description Delete a draft for good; one that was ever submitted stays.
         */
        delete: operations["delete_v1_dealers__dealer__cases__web_case_id__delete"];
        options?: never;
        head?: never;
        /**
         * Change a draft
         * @description Change a draft by a merge patch: null empties a field, what is left out stays.
         */
        patch: operations["edit_v1_dealers__dealer__cases__web_case_id__patch"];
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
        post: operations["copy_v1_dealers__dealer__cases__web_case_id__copy_post"];
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
         * @description The case's current submission.
         */
        get: operations["get_v1_dealers__dealer__cases__web_case_id__submission_get"];
        put?: never;
        /**
         * Submit a case, irreversibly
         * @description Submit a draft. Repeated with the version that was submitted, it answers the same and does nothing twice.
         */
        post: operations["submit_v1_dealers__dealer__cases__web_case_id__submission_post"];
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
        get: operations["timeline_v1_dealers__dealer__cases__web_case_id__timeline_get"];
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
        get: operations["categories_v1_dealers__dealer__categories_get"];
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
        get: operations["priorities_v1_dealers__dealer__priorities_get"];
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
            /** Description */
            description: string | null;
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
         * @description The body of each error.
         */
        ProblemDocument: {
            /**
             * Detail
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
             * @default null
             */
            trace_id?: string | null;
            /** Type */
            type: string;
        };
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
            /** By */
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
             * @description how long the stage took
             */
            duration_seconds: number | null;
            /**
             * Event
             * @description created, submitted, sent, attempt, a submission's state, or status
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
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    dealers_v1_dealers_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
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
                    "application/json": components["schemas"]["DealerList"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list__v1_dealers__dealer__cases_get: {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                cursor?: string | null;
                limit?: number;
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
                    "application/json": components["schemas"]["CasePage"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    create_v1_dealers__dealer__cases_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description makes the request safe to repeat */
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
                "application/json": components["schemas"]["CaseInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaseDocument"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The case is submitted; A request with this Idempotency-Key is under way */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_v1_dealers__dealer__cases__web_case_id__get: {
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
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaseDocument"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    delete_v1_dealers__dealer__cases__web_case_id__delete: {
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
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The case is submitted; A request with this Idempotency-Key is under way */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The case has changed */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description If-Match is missing */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    edit_v1_dealers__dealer__cases__web_case_id__patch: {
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
                "application/json": components["schemas"]["CaseInput"];
                "application/merge-patch+json": components["schemas"]["CaseInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaseDocument"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The case is submitted; A request with this Idempotency-Key is under way */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The case has changed */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description If-Match is missing */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    copy_v1_dealers__dealer__cases__web_case_id__copy_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description makes the request safe to repeat */
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
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaseDocument"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The case is submitted; A request with this Idempotency-Key is under way */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_v1_dealers__dealer__cases__web_case_id__submission_get: {
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
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubmissionDocument"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    submit_v1_dealers__dealer__cases__web_case_id__submission_post: {
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
                /** @description makes the request safe to repeat */
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
                    "application/json": components["schemas"]["ValidationDocument"];
                };
            };
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubmissionDocument"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The case is submitted; A request with this Idempotency-Key is under way */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The case has changed */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description If-Match is missing */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    timeline_v1_dealers__dealer__cases__web_case_id__timeline_get: {
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
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Timeline"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    categories_v1_dealers__dealer__categories_get: {
        parameters: {
            query?: never;
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
                    "application/json": components["schemas"]["CategoryList"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    priorities_v1_dealers__dealer__priorities_get: {
        parameters: {
            query?: never;
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
                    "application/json": components["schemas"]["PriorityList"];
                };
            };
            /** @description Not authenticated */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not found; The case was never submitted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description The request is not valid; The Idempotency-Key was used for another request; The case cannot be submitted yet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Something failed on our side */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
            /** @description Not available now; D365's categories are not known yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
}
