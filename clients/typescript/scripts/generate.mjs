// Writes src/generated/ from the API's OpenAPI document and the catalogue of problems; with --check, only compares.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const documents = new URL("../../../docs/", import.meta.url);
const target = new URL("../src/generated/", import.meta.url);
const check = process.argv.includes("--check");

async function schema() {
  // A default (always `null`) does not make a request's field mandatory.
  const nodes = await openapiTS(new URL("openapi/case-api.json", documents), { defaultNonNullable: false });
  return `// Written by \`npm run generate\` from docs/openapi/case-api.json.\n\n${astToString(nodes)}`;
}

async function problems() {
  const table = await readFile(new URL("problems.md", documents), "utf8");
  const rows = [...table.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| ([^|]+) \|/gm)];
  if (rows.length === 0) throw new Error("docs/problems.md has no catalogue");
  const entries = rows.map(([, kind, status, title]) => `  /** ${title.trim()} (${status}) */\n  | "${kind}"`);
  return `// Written by \`npm run generate\` from docs/problems.md.

/** What the API may refuse with: the last word of a problem's \`type\`. */
export type ProblemKind =
${entries.join("\n")};
`;
}

const files = { "schema.ts": await schema(), "problems.ts": await problems() };
await mkdir(target, { recursive: true });
for (const [name, text] of Object.entries(files)) {
  const file = new URL(name, target);
  if (!check) {
    await writeFile(file, text);
  } else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
    console.error(`clients/typescript/src/generated/${name} is out of date: run \`make client\` and commit it.`);
    process.exitCode = 1;
  }
}
