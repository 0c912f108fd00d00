import assert from "node:assert/strict";
import { test } from "node:test";
import { ProblemError, type CaseEvent, type Casebridge, type WatchOptions } from "../src/index.js";
import { collectGarbage } from "./garbage.js";
import { broken, caseOf, problem, Server, silent, type Answer } from "./server.js";

function stream(...chunks: (string | Uint8Array)[]): Answer {
  return (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.flushHeaders();
    for (const chunk of chunks) response.write(chunk);
  };
}

function ended(...chunks: string[]): Answer {
  return (response, request) => {
    stream(...chunks)(response, request);
    response.end();
  };
}

function changed(id: string, web_case_id: string): string {
  return `id: ${id}\nevent: case\ndata: ${JSON.stringify(caseOf({ web_case_id }))}\n\n`;
}

/** The first `count` events, as words. */
async function events(client: Casebridge, count: number, options: WatchOptions = {}): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of client.watch(options)) {
    seen.push(word(event));
    if (seen.length === count) break;
  }
  return seen;
}

function word(event: CaseEvent): string {
  return event.event === "case" ? event.case.web_case_id : event.reason;
}

test("it begins with resync, and goes on behind the last event over a broken connection", async () => {
  await using server = await Server.start(ended(": hello\n\n", changed("7", "W1")), broken, stream(changed("8", "W2")));
  assert.deepEqual(await events(server.client(), 3), ["opened", "W1", "W2"]);
  assert.deepEqual(server.received.map(({ headers }) => headers["last-event-id"]), [undefined, "7", "7"]);
  const [first] = server.received;
  assert.deepEqual([first?.url, first?.headers.accept], ["/v1/dealers/usmf-us-001/cases/stream", "text/event-stream"]);
  assert.equal(first?.headers.authorization, "Bearer secret");
});

test("where no event was seen yet, a new connection is a resync", async () => {
  await using server = await Server.start(ended(), stream(changed("1", "W1")));
  assert.deepEqual(await events(server.client(), 3), ["opened", "opened", "W1"]);
});

test("ids that come without an event count too: a quiet stream is gone on with", async () => {
  const hello = "retry: 100\nid: 4\n\n";
  await using server = await Server.start(ended(hello, ": nothing new\nid: 5\n\n", "id: 6\ndata: {"), ended(), stream(changed("7", "W1")));
  assert.deepEqual(await events(server.client(), 2), ["opened", "W1"]);
  assert.deepEqual(server.received.map(({ headers }) => headers["last-event-id"]), [undefined, "5", "5"]);
});

test("the pause before the next connection is the one that the stream asks for", async () => {
  await using server = await Server.start(ended("retry: 1600\nid: 4\n\n"), stream(changed("7", "W1")));
  const start = Date.now();
  await events(server.client(), 2);
  assert.ok(Date.now() - start >= 800);
});

test("it goes on behind an event of before", async () => {
  await using server = await Server.start(stream('id: 9\nevent: resync\ndata: {"reason":"too_old"}\n\n', changed("10", "W1")));
  assert.deepEqual(await events(server.client(), 2, { lastEventId: "3" }), ["too_old", "W1"]);
  assert.equal(server.received[0]?.headers["last-event-id"], "3");
});

test("events that are not known yet are passed over", async () => {
  await using server = await Server.start(stream("event: weather\ndata: {}\n\n", "data: {}\n\n", "event: end\ndata: {}\n\n", changed("2", "W2")));
  assert.deepEqual(await events(server.client(), 2), ["opened", "W2"]);
});

test("events come whole, however they were cut", async () => {
  const text = new TextEncoder().encode(changed("1", "W1").replace("Warranty", "Gewährleistung").replaceAll("\n", "\r\n"));
  await using server = await Server.start((response, request) => {
    stream()(response, request);
    void (async () => {
      for (const byte of text) await new Promise((done) => response.write(Uint8Array.of(byte), done));
    })();
  });
  for await (const event of server.client().watch()) {
    if (event.event !== "case") continue;
    assert.equal(event.case.category, "Gewährleistung");
    break;
  }
});

test("a silent connection is given up; a slow reader is not silence", async () => {
  await using server = await Server.start(stream(changed("1", "W1"), changed("2", "W2")), stream(changed("3", "W3")));
  const seen: string[] = [];
  for await (const event of server.client().watch({ silenceMs: 200 })) {
    seen.push(word(event));
    if (seen.length === 2) await new Promise((done) => setTimeout(done, 400));
    if (seen.length === 3) assert.equal(server.received.length, 1);
    if (seen.length === 4) break;
  }
  assert.deepEqual(seen, ["opened", "W1", "W2", "W3"]);
  assert.equal(server.received[1]?.headers["last-event-id"], "2");
});

test("comments keep a connection alive", async () => {
  await using server = await Server.start((response, request) => {
    stream()(response, request);
    const timer = setInterval(() => response.write(": keep-alive\n\n"), 50);
    setTimeout(() => response.write(changed("1", "W1")), 500);
    response.on("close", () => clearInterval(timer));
  });
  assert.deepEqual(await events(server.client(), 2, { silenceMs: 200 }), ["opened", "W1"]);
  assert.equal(server.received.length, 1);
});

test("a new connection has a new token; a refused one is replaced", async () => {
  await using server = await Server.start(ended(changed("1", "W1")), problem(401, "unauthorized"), stream(changed("2", "W2")));
  let tokens = 0;
  const client = server.client({ token: () => `token-${++tokens}` });
  assert.deepEqual(await events(client, 3), ["opened", "W1", "W2"]);
  const sent = server.received.map(({ headers }) => headers.authorization);
  assert.deepEqual(sent, ["Bearer token-1", "Bearer token-2", "Bearer token-3"]);
});

test("it waits out a token that cannot be renewed for a moment", async () => {
  await using server = await Server.start(ended(changed("1", "W1")), stream(changed("2", "W2")));
  const tokens = ["token-1", undefined, "token-2"];
  const token = (): string => tokens.shift() ?? assert.fail("the provider is away");
  assert.deepEqual(await events(server.client({ token }), 3), ["opened", "W1", "W2"]);
  assert.deepEqual(server.received.map(({ headers }) => headers.authorization), ["Bearer token-1", "Bearer token-2"]);
});

test("a problem of the token function ends the stream", async () => {
  await using server = await Server.start(ended(changed("1", "W1")));
  const expired = new ProblemError(new Response(null, { status: 401 }), { title: "Sign in again" }, 1);
  const tokens = ["token-1"];
  const token = (): Promise<string> => {
    const next = tokens.shift();
    return next ? Promise.resolve(next) : Promise.reject(expired);
  };
  await assert.rejects(events(server.client({ token }), 3), (error) => error === expired);
});

test("it waits out an API that is away or busy", async () => {
  const busy = problem(429, "too-many-requests", { "Retry-After": "1" });
  await using server = await Server.start(problem(503, "unavailable"), busy, stream());
  const start = Date.now();
  assert.deepEqual(await events(server.client(), 1), ["opened"]);
  assert.ok(Date.now() - start >= 1000);
});

test("a refusal for good is thrown", async () => {
  await using server = await Server.start(problem(404, "not-found"));
  await assert.rejects(events(server.client(), 1), (error) => error instanceof ProblemError && error.kind === "not-found");
});

test("who leaves, or aborts, closes the connection", async () => {
  let closed = 0;
  const open = (answer: Answer): Answer => (response, request) => {
    response.on("close", () => closed++);
    answer(response, request);
  };
  await using server = await Server.start(open(stream(changed("1", "W1"))));
  await events(server.client(), 2);
  const controller = new AbortController();
  for await (const event of server.client().watch({ signal: controller.signal })) {
    if (event.event === "case") setTimeout(() => controller.abort(), 50);
  }
  for (let looks = 0; closed < 2 && looks < 100; looks++) await new Promise((done) => setTimeout(done, 20));
  assert.equal(closed, 2);
});

test("an abort closes the connection after garbage was collected", async () => {
  let closed = false;
  const answer = stream(changed("1", "W1"));
  await using server = await Server.start((response, request) => {
    response.on("close", () => (closed = true));
    answer(response, request);
  });
  const controller = new AbortController();
  let aborted = Infinity;
  for await (const event of server.client().watch({ signal: controller.signal, silenceMs: 3000 })) {
    if (event.event !== "case") continue;
    void collectGarbage().then(() => {
      aborted = Date.now();
      controller.abort();
    });
  }
  assert.ok(Date.now() - aborted < 1000, `${Date.now() - aborted} ms`);
  for (let looks = 0; !closed && looks < 100; looks++) await new Promise((done) => setTimeout(done, 20));
  assert.ok(closed);
});

test("who leaves at the first event closes the connection, after garbage was collected too", async () => {
  let closed = false;
  await using server = await Server.start((response, request) => {
    response.on("close", () => (closed = true));
    stream()(response, request);
  });
  for await (const _ of server.client().watch()) {
    await collectGarbage();
    break;
  }
  for (let looks = 0; !closed && looks < 50; looks++) await new Promise((done) => setTimeout(done, 20));
  assert.ok(closed);
});

test("an abort ends the stream even if fetch ignores the signal", async () => {
  await using server = await Server.start(stream(changed("1", "W1")), silent);
  const deaf: typeof fetch = (url, init) => fetch(url, { ...init, signal: null });
  for (const count of [2, 0]) {
    const start = Date.now();
    const options = { signal: AbortSignal.timeout(500), silenceMs: 3000 };
    assert.equal((await events(server.client({ fetch: deaf }), Infinity, options)).length, count);
    assert.ok(Date.now() - start < 2000);
  }
});

test("an abort ends the waiting for the next connection", async () => {
  await using server = await Server.start(problem(503, "unavailable", { "Retry-After": "60" }));
  const start = Date.now();
  assert.deepEqual(await events(server.client(), 1, { signal: AbortSignal.timeout(200) }), []);
  assert.ok(Date.now() - start < 2000);
});
