// node run.mjs --base URL --scenario NAME [--control URL] [--token T] [--desk-token T] [--shots DIR] [--path PATH] [--expect TEXT]...
//
// Plays one scenario of scenarios.mjs in a headless Chromium and prints one line of JSON. Exit code 0: it came out
// right; 1: it did not (what went wrong is on stderr). The browser is CHROMIUM or /usr/bin/chromium, with a profile of
// its own that is removed afterwards. playwright-core comes from this folder, or from the directory TRUNKLINE_BROWSER.

import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { scenarios } from "./scenarios.mjs";

const home = process.env.TRUNKLINE_BROWSER ? join(process.env.TRUNKLINE_BROWSER, "x.js") : import.meta.url;
const { chromium } = createRequire(home)("playwright-core");

const text = { type: "string" };
const { values } = parseArgs({
  options: {
    base: text, scenario: text, control: text, token: text, "desk-token": text, shots: text, path: text,
    expect: { type: "string", multiple: true, default: [] },
  },
});
const scenario = scenarios[values.scenario];
if (!values.base || !scenario) {
  console.error(`give --base URL and --scenario one of: ${Object.keys(scenarios).join(", ")}`);
  process.exit(2);
}

const profile = await mkdtemp(join(tmpdir(), "trunkline-browser-"));
const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args, locale: "en-GB", timezoneId: "Asia/Shanghai", viewport: { width: 360, height: 800 },
});
const complaints = [];
context.on("weberror", (error) => complaints.push(String(error.error())));
context.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
let code = 0;
try {
  const result = await scenario(context, { ...values, complaints });
  const wrong = complaints.filter((line) => !/Failed to load resource|ERR_/.test(line));
  if (wrong.length) throw new Error(`the page complained: ${wrong.join(" | ")}`);
  console.log(JSON.stringify({ scenario: values.scenario, ok: true, ...result }));
} catch (error) {
  console.error(error.stack || String(error));
  code = 1;
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
process.exit(code);
