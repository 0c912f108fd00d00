import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError, ProblemError } from "../src/index.js";
import { collectGarbage } from "./garbage.js";
import { broken, json, problem, Server, silent, versionOf } from "./server.js";

const DEALERS = "/v1/dealers";
const dealers = json({ items: [] });

async function refusal(call: Promise<unknown>): Promise<ProblemError> {
  const error: unknown = await call.then(
    () => assert.fail("it was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ProblemError, String(error));
  return error;
}

test("the token is asked for and sent at every attempt", async () => {
  await using server = await Server.start(broken, dealers);
  let asked = 0;
  await server.client({ token: async () => `token-${++asked}` }).dealers();
  assert.deepEqual(server.received.map(({ headers }) => headers.authorization), ["Bearer token-1", "Bearer token-2"]);
});

test("without a token function no Authorization is sent", async () => {
  await using server = await Server.start(dealers);
  await server.client({ token: undefined as never }).dealers();
  assert.equal(server.received[0]?.headers.authorization, undefined);
});

test("a token that expired on the way is replaced once", async () => {
  await using server = await Server.start(problem(401, "unauthorized"), dealers);
  const tokens = ["old", "new"];
  await server.client({ token: () => tokens.shift() ?? "none" }).dealers();
  assert.equal(server.received.length, 2);
  assert.equal((await refusal(serverAlways401(server))).kind, "unauthorized");
});

function serverAlways401(server: Server): Promise<unknown> {
  let tokens = 0;
  server.answerAll(problem(401, "unauthorized"));
  return server.client({ token: () => `token-${++tokens}` }).dealers();
}

test("the same token is not sent again after a 401", async () => {
  await using server = await Server.start(problem(401, "unauthorized"));
  assert.equal((await refusal(server.client().dealers())).status, 401);
  assert.equal(server.received.length, 1);
});

/** A token function that fails `failures` times first. */
function moody(failures: number): () => string {
  return () => {
    if (failures-- > 0) throw new TypeError("the provider is away");
    return "secret";
  };
}

test("a token that cannot be had for a moment is asked for again, and nothing is sent without it", async () => {
  await using server = await Server.start(versionOf());
  const client = server.client({ token: moody(2) });
  const params = { path: { dealer: "usmf-us-001" } };
  await client.http.POST("/v1/dealers/{dealer}/cases", { params, body: {} });
  assert.deepEqual(server.received.map(({ headers }) => headers.authorization), ["Bearer secret"]);
});

test("without a token it gives up with the reason", async () => {
  await using server = await Server.start(dealers);
  const error: unknown = await server.client({ token: moody(9), retryForMs: 0 }).dealers().catch((reason) => reason);
  assert.ok(error instanceof ConnectionError, String(error));
  assert.deepEqual([error.message, error.attempts], ["No access token: the provider is away", 0]);
  assert.ok(error.cause instanceof TypeError);
  assert.equal(server.received.length, 0);
});

test("a request that waited for its token was not sent twice", async () => {
  await using server = await Server.start(problem(404, "not-found"));
  const version = { web_case_id: "W1", etag: '"1"' };
  assert.equal((await refusal(server.client({ token: moody(1) }).delete(version))).attempts, 1);
});

test("a token that does not come ends with the time of an attempt, or with the signal", async () => {
  await using server = await Server.start(dealers);
  const never = (): Promise<string> => new Promise(() => undefined);
  const call = server.client({ token: never, timeoutMs: 50, retryForMs: 0 }).dealers();
  await assert.rejects(call, (error) => error instanceof ConnectionError && /too long/.test(error.message));
  const signal = AbortSignal.timeout(50);
  await assert.rejects(server.client({ token: never }).dealers({ signal }), { name: "TimeoutError" });
});

test("a problem of the token function is for the caller", async () => {
  await using server = await Server.start(dealers);
  const expired = new ProblemError(new Response(null, { status: 401 }), { title: "Sign in again" }, 1);
  let asked = 0;
  const token = (): string => {
    asked++;
    throw expired;
  };
  assert.equal(await refusal(server.client({ token }).dealers()), expired);
  assert.deepEqual([asked, server.received.length], [1, 0]);
});

test("a repeated request is the same one: body, Idempotency-Key and If-Match", async () => {
  await using server = await Server.start(broken, problem(503, "unavailable"), versionOf());
  await server.client().create({ category: "Warranty" });
  assert.equal(server.received.length, 3);
  const seen = server.received.map(({ method, url, body, headers }) => [method, url, body, headers["idempotency-key"]]);
  assert.deepEqual(seen[1], seen[0]);
  assert.deepEqual(seen[2], seen[0]);
  assert.match(String(seen[0]?.[3]), /^[0-9a-f]{32}$/);
  assert.equal(seen[0]?.[2], '{"category":"Warranty"}');
});

test("an answer that breaks off is asked for again", async () => {
  await using server = await Server.start((response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "100" }).write('{"items"', () => {
      response.socket?.destroy();
    });
  }, dealers);
  assert.deepEqual(await server.client().dealers(), []);
});

test("304 is an answer without a body", async () => {
  await using server = await Server.start((response) => response.writeHead(304, { ETag: 'W/"1"' }).end());
  const headers = { "If-None-Match": 'W/"1"' };
  const { response, data, error } = await server.client().http.GET("/v1/dealers", { headers });
  assert.deepEqual([response.status, response.headers.get("ETag"), data], [304, 'W/"1"', undefined]);
  assert.ok(!(error instanceof Error));
  assert.equal(server.received.length, 1);
});

test("Retry-After is waited for", async () => {
  await using server = await Server.start(problem(429, "too-many-requests", { "Retry-After": "1" }), dealers);
  const start = Date.now();
  await server.client().dealers();
  assert.ok(Date.now() - start >= 1000);
});

test("a POST without a key is sent again only where it surely did nothing", async () => {
  await using server = await Server.start(problem(429, "too-many-requests"), broken, versionOf());
  const params = { path: { dealer: "usmf-us-001" } };
  const call = server.client().http.POST("/v1/dealers/{dealer}/cases", { params, body: {} });
  await assert.rejects(call, ConnectionError);
  assert.equal(server.received.length, 2);
});

test("it gives up where Retry-After is beyond its time, and says when", async () => {
  await using server = await Server.start(problem(503, "lists-unknown", { "Retry-After": "3600" }));
  const error = await refusal(server.client().categories());
  assert.deepEqual([error.kind, error.retryAfter, error.attempts], ["lists-unknown", 3600, 1]);
});

test("Retry-After may be a date", async () => {
  const date = new Date(Date.now() + 90_000).toUTCString();
  await using server = await Server.start(problem(503, "unavailable", { "Retry-After": date }));
  const { retryAfter = 0 } = await refusal(server.client().dealers());
  assert.ok(retryAfter > 80 && retryAfter <= 90);
});

test("it gives up after its time", async () => {
  await using server = await Server.start(problem(503, "unavailable"));
  const error = await refusal(server.client({ retryForMs: 1000 }).dealers());
  assert.ok(error.attempts >= 2 && error.attempts <= 6, String(error.attempts));
  assert.equal(server.received.length, error.attempts);
});

test("an answer that does not come in time is no answer", async () => {
  await using server = await Server.start(silent);
  const call = server.client({ timeoutMs: 50, retryForMs: 0 }).dealers();
  await assert.rejects(call, (error) => error instanceof ConnectionError && /too long/.test(error.message));
});

test("what the API was asked to wait is not taken for silence", async () => {
  await using server = await Server.start((response) => {
    setTimeout(() => json({ state: "delivered" }, {}, 202)(response, server.received[0]!), 300);
  });
  const client = server.client({ timeoutMs: 50, retryForMs: 0 });
  assert.equal((await client.submit({ web_case_id: "W1", etag: '"1"' }, { wait: 5 })).state, "delivered");
  assert.equal(server.received[0]?.headers.prefer, "wait=5");
});

test("fetch is not called as a method, which a browser's refuses", async () => {
  await using server = await Server.start(dealers);
  function ofBrowser(this: unknown, ...request: Parameters<typeof fetch>): Promise<Response> {
    if (this !== undefined) throw new TypeError("Illegal invocation");
    return fetch(...request);
  }
  assert.deepEqual(await server.client({ fetch: ofBrowser, retryForMs: 0 }).dealers(), []);
});

test("a signal ends the attempt and the waiting for the next one", async () => {
  for (const answer of [silent, problem(503, "unavailable", { "Retry-After": "20" })]) {
    await using server = await Server.start(answer);
    const signal = AbortSignal.timeout(200);
    const start = Date.now();
    await assert.rejects(server.client().dealers({ signal }), { name: "TimeoutError" });
    assert.ok(Date.now() - start < 2000);
  }
});

test("a signal ends a file that is still coming, after garbage was collected too", async () => {
  for (const collect of [() => undefined, collectGarbage]) {
    let closed = false;
    await using server = await Server.start((response) => {
      response.on("close", () => (closed = true));
      response.writeHead(200, { "Content-Type": "text/csv" }).write("Web Case ID\n");
    });
    const controller = new AbortController();
    const reader = (await server.client().csv({}, { signal: controller.signal })).getReader();
    await reader.read();
    await collect();
    controller.abort(new Error("the user has left"));
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("the abort was not seen")), 1000));
    await assert.rejects(Promise.race([reader.read(), late]), /the user has left/);
    for (let looks = 0; !closed && looks < 50; looks++) await new Promise((done) => setTimeout(done, 20));
    assert.ok(closed);
  }
});

test("a problem has everything that the API returned", async () => {
  const errors = [{ pointer: "/category", detail: "Choose one." }];
  const more = { errors, trace_id: "4bf92f35", current_etag: '"7"' };
  await using server = await Server.start(problem(412, "version-changed", {}, more));
  const error = await refusal(server.client().dealers());
  assert.equal(error.type, "urn:casebridge:problem:version-changed");
  assert.deepEqual([error.kind, error.status, error.title], ["version-changed", 412, "version-changed"]);
  assert.deepEqual([error.errors, error.traceId, error.currentEtag], [errors, "4bf92f35", '"7"']);
  assert.match(error.message, /412 version-changed: Because\./);
});

test("a refusal by something in between has no kind", async () => {
  await using server = await Server.start((response) => response.writeHead(404).end("<html>"));
  const error = await refusal(server.client().dealers());
  assert.deepEqual([error.kind, error.status, error.title, error.type], [undefined, 404, "Not Found", "about:blank"]);
});

test("a base address may have a path and a slash at its end", async () => {
  await using server = await Server.start(dealers);
  await server.client({ baseUrl: `${server.url}/bff/` }).dealers();
  assert.equal(server.received[0]?.url, `/bff${DEALERS}`);
});
