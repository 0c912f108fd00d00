import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";

const root = new URL("../../", import.meta.url);
const text = (path: string): Promise<string> => readFile(new URL(path, root), "utf8");

test("the package contains what runs and its types, and nothing else", async () => {
  // The tests run on a fresh build; building again would remove it under tests that run in parallel.
  const command = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const { stdout } = await promisify(execFile)("npm", command, { cwd: root });
  const [packed] = JSON.parse(stdout) as [{ name: string; files: { path: string }[] }];
  const paths = packed.files.map(({ path }) => path);
  const dist = paths.filter((path) => path.startsWith("dist/"));
  assert.deepEqual(paths.filter((path) => !dist.includes(path)).sort(), ["LICENSE", "README.md", "package.json"]);
  assert.ok(dist.every((path) => /\.(js|d\.ts)$/.test(path)), dist.join());
  const manifest = JSON.parse(await text("package.json")) as { exports: { ".": Record<string, string> } };
  for (const path of Object.values(manifest.exports["."])) assert.ok(paths.includes(path.replace("./", "")), path);
  assert.equal(packed.name, "@casebridge/client");
});

test("the package can be imported by its name, and its license is the repository's", async () => {
  const self = "@casebridge/client";
  assert.equal(typeof ((await import(self)) as { createCasebridge: unknown }).createCasebridge, "function");
  assert.equal(await text("LICENSE"), await text("../../LICENSE"));
});

test("the lockfile names no addresses, and contains every dependency", async () => {
  const lock = await text("package-lock.json");
  assert.doesNotMatch(lock, /"resolved"|https?:\/\/(?!(www\.)?(github\.com|opencollective\.com))/);
});
