// What a person does with the pages, and what he must then see.

import assert from "node:assert/strict";
import { join } from "node:path";

const SMALL = { width: 360, height: 800 };
const WIDE = { width: 1280, height: 900 };

const poke = async (options, path) => {
  const response = await fetch(`${options.control}/${path}`, { method: "POST" });
  assert.equal(response.status, 200, `control ${path}`);
};
const address = (options, path, token = options.token) => `${options.base}/${path}${token ? `#token=${token}` : ""}`;
const text = (page, selector) => page.locator(selector).first().innerText();

async function open(context, options, path = "panel?lang=en", token = options.token) {
  const page = await context.newPage();
  await page.goto(address(options, path, token));
  return page;
}

async function live(page) {
  await page.locator('.connection[data-state="live"]').waitFor();
}

// A call from ringing to the remark: the panel moves by itself and says at once who it is.
async function call(context, options) {
  const page = await open(context, options);
  await live(page);
  assert.ok(!page.url().includes(options.token), "the token does not stay in the address");
  assert.match(await text(page, "h1"), /Waiting/);
  await poke(options, "ring?who=wang");
  await page.locator('.call[data-state="ringing"]').waitFor();
  assert.equal(await text(page, "h1"), "王芳");
  assert.match(await text(page, ".number"), /138.0013.8001/);
  assert.match(await text(page, ".route"), /5001/);
  assert.match(await text(page, ".tags"), /VIP/);
  assert.match(await text(page, ".last"), /Promised: money within 3 working days/);
  assert.match(await page.title(), /王芳/);
  await poke(options, "answer?who=wang");
  await page.locator('.call[data-state="answered"] .profile').waitFor();
  assert.match(await text(page, ".profile"), /Level\s+Gold\s+crm · \d+ days ago/);
  const chat = page.locator(".timeline .chat summary");
  await chat.waitFor();
  assert.equal(await page.locator(".messages li").first().isVisible(), false);
  await chat.focus();
  await page.keyboard.press("Enter");
  assert.match(await text(page, ".messages"), /退款到哪一步了/);
  await page.locator("textarea").fill("Refund arrives on Tuesday.");
  assert.match(await text(page, ".remark .state"), /Not saved/);
  await page.keyboard.press("Control+Enter");
  await page.locator('.remark .state[data-kind="done"]').waitFor();
  await again(context, options);
  await second(page, options);
  return page;
}

// A desktop that opens the page anew finds what it wrote in the field, since a save would replace it.
async function again(context, options) {
  const page = await open(context, options);
  await page.locator('.call[data-state="answered"]').waitFor();
  await page.waitForFunction(() => document.querySelector("textarea").value === "Refund arrives on Tuesday.");
  assert.equal(await page.locator(".remark button[type=submit]").isDisabled(), true, "nothing is unsaved");
  assert.equal(await page.locator(".main .remarks").count(), 0, "there is no remark of others");
  await page.close();
}

// A second call comes to the front; what was typed for the first stays.
async function second(page, options) {
  await page.locator("textarea").fill("Half a sentence");
  await poke(options, "ring?who=many");
  await page.locator('.call[data-state="ringing"]').waitFor();
  assert.match(await text(page, "h1"), /Several customers/);
  assert.equal(await page.locator(".candidate").count(), 2);
  await page.getByRole("tab", { name: /王芳/ }).click();
  assert.equal(await page.locator("textarea").inputValue(), "Half a sentence");
  await page.getByRole("tab", { name: /Ringing/ }).click();
  await page.locator(".candidate", { hasText: "李雷" }).click();
  await page.locator(".profile").waitFor();
  assert.equal(await text(page, "h1"), "李雷");
  await poke(options, "hangup?who=many");
  await page.locator('.tabs [data-state="ended"]').waitFor();
  await poke(options, "hangup?who=wang");
  await page.waitForFunction(() => document.querySelectorAll('.tabs [data-state="ended"]').length === 2);
  await page.getByRole("tab", { name: /王芳/ }).click();
  assert.equal(await page.locator("textarea").inputValue(), "Half a sentence", "a draft outlives its call");
}

// The stream breaks while a call ends and another rings: only the living call comes back.
async function reconnect(context, options) {
  const page = await open(context, options);
  await live(page);
  await poke(options, "ring?who=wang");
  await page.locator('.call[data-state="ringing"]').waitFor();
  await poke(options, "away?who=none");
  await page.locator('.call[data-state="ringing"] h1', { hasText: "Unknown caller" }).waitFor();
  const wang = page.getByRole("tab", { name: /王芳/ });
  if (await wang.count()) assert.equal(await wang.getAttribute("data-state"), "ended");
  await poke(options, "hangup?who=none");
  await page.locator('.call[data-state="ended"]').waitFor();
  await page.close();
}

// What a customer calls himself and writes is text, never markup.
async function hostile(context, options) {
  const page = await open(context, options);
  await live(page);
  await poke(options, "ring?who=hostile");
  await page.locator('.call[data-state="ringing"]').waitFor();
  await poke(options, "answer?who=hostile");
  await page.locator(".profile").waitFor();
  for (const summary of await page.locator(".timeline summary").all()) await summary.click();
  assert.match(await text(page, "h1"), /<img src=x onerror=/);
  assert.equal(await page.evaluate(() => globalThis.stolen), undefined);
  assert.equal(await page.locator("main img, main script, main a[href^='javascript']").count(), 0);
  await poke(options, "hangup?who=hostile");
  await page.close();
}

// The address an old desktop opens finds its call by the vendor's own words.
async function screenPop(context, options) {
  await poke(options, "ring?who=wang");
  const page = await open(context, options, "pop?m=013800138001&v=5001&n=x&lang=zh");
  await page.locator(".call h1", { hasText: "王芳" }).waitFor();
  assert.match(await text(page, ".state .word"), /振铃中/);
  await page.getByRole("button", { name: "English" }).click();
  assert.match(await text(page, ".state .word"), /Ringing/);
  await poke(options, "hangup?who=wang");
  await page.close();
}

// A token that does not work is said to be so, and another can be pasted.
async function token(context, options) {
  const page = await open(context, options, "panel?lang=en", "wrong");
  await page.locator("#token").waitFor();
  await page.locator("#token").fill(options.token);
  await page.keyboard.press("Enter");
  await live(page);
  await page.close();
}

// The online agent's page: calls with numbers, remark, agent, outcome; a remark is written and stays.
async function desk(context, options) {
  const page = await open(context, options, "desk?scheme=web_visitor&value=v-83a1&lang=en", options["desk-token"]);
  await page.locator(".cdrs li").first().waitFor();
  const yesterday = page.locator(".cdrs > ol > li", { hasText: "zhao.min" });
  const first = await yesterday.innerText();
  for (const expected of [/138.0013.8001/, /\+86.10.6555.0101/, /zhao\.min/, /Answered/, /order 7731/]) assert.match(first, expected);
  assert.match(await text(page, ".cdrs ol"), /Gave up in queue/);
  await yesterday.getByRole("button", { name: "Write remark" }).click();
  await page.keyboard.type("Told her by chat: Tuesday.");
  await yesterday.getByRole("button", { name: "Save" }).click();
  await page.locator('.remark .state[data-kind="done"]').waitFor();
  await page.reload();
  await page.locator(".cdrs .remark-text", { hasText: "Told her by chat" }).waitFor();
  const both = await yesterday.locator(".remarks").innerText();
  for (const expected of [/order 7731/, /zhao\.min ·/, /Told her by chat: Tuesday\./, /li\.na ·/]) assert.match(both, expected);
  await yesterday.getByRole("button", { name: "Change remark" }).click();
  assert.equal(await yesterday.locator("textarea").inputValue(), "Told her by chat: Tuesday.", "one's own remark is there to be changed");
  await page.goto(address(options, "desk?visitorImId=v-83a1&easemobId=e1&to=kf&lang=zh", options["desk-token"]));
  await page.locator(".cdrs li").first().waitFor();
  assert.match(await text(page, ".cdrs h2"), /通话记录/);
  await page.close();
}

// An old desktop's page frames the panel; a page that was not allowed cannot.
async function framed(context, options) {
  const page = await context.newPage();
  const src = encodeURIComponent(address(options, "panel?lang=en"));
  await page.goto(`${options.control}/frame?src=${src}`);
  const panel = page.frameLocator("iframe");
  await panel.locator('.connection[data-state="live"]').waitFor();
  await poke(options, "ring?who=wang");
  await panel.locator(".call h1", { hasText: "王芳" }).waitFor();
  await poke(options, "hangup?who=wang");
  await page.goto(`${options.control.replace("127.0.0.1", "localhost")}/frame?src=${src}`);
  await page.waitForLoadState("load");
  assert.equal(await panel.locator(".bar").count(), 0);
  const refused = options.complaints.findIndex((line) => line.includes("frame-ancestors"));
  assert.ok(refused >= 0, "the browser says that it refused the frame");
  options.complaints.splice(refused, 1);
  await page.close();
}

async function story(context, options) {
  await (await call(context, options)).close();
  await hostile(context, options);
  await reconnect(context, options);
  await screenPop(context, options);
  await token(context, options);
  await desk(context, options);
  await framed(context, options);
  return {};
}

// For a real daemon: opens the panel, waits for a call, and checks that every --expect text is seen once it is answered.
async function watch(context, options) {
  const page = await open(context, options, "panel?lang=en");
  await live(page);
  console.error(JSON.stringify({ scenario: "watch", connected: true }));
  await page.locator(".call").waitFor({ timeout: 60000 });
  const rang = await text(page, "h1");
  await page.locator('.call[data-state="answered"] .profile, .call[data-state="ended"] .profile').waitFor({ timeout: 60000 });
  await page.locator(".history").waitFor();
  for (const summary of await page.locator(".timeline summary").all()) await summary.click();
  const seen = await text(page, "main");
  for (const expected of options.expect) assert.ok(seen.includes(expected), `${expected} is not on the panel`);
  if (options.shots) await page.screenshot({ path: join(options.shots, "watch.png") });
  return { rang };
}

// For a real daemon: opens the desk page --path, checks that every --expect text is there, changes the own remark on the
// first call and finds it after a reload.
async function visit(context, options) {
  const page = await open(context, options, options.path);
  await page.locator(".cdrs li").first().waitFor();
  await page.locator(".timeline li").first().waitFor();
  for (const summary of await page.locator(".timeline summary").all()) await summary.click();
  const seen = await text(page, "main");
  for (const expected of options.expect) assert.ok(seen.includes(expected), `${expected} is not on the page:\n${seen}`);
  const call = page.locator(".cdrs > ol > li").last();
  await call.getByRole("button", { name: "Change remark" }).click();
  const field = call.locator("textarea");
  const before = await field.inputValue();
  assert.ok(before.length > 0, "one's own remark stands in the field");
  await field.fill(`${before} (seen)`);
  await call.getByRole("button", { name: "Save" }).click();
  await call.locator('.remark .state[data-kind="done"]').waitFor();
  await page.reload();
  await page.locator(".cdrs .remark-text", { hasText: `${before} (seen)` }).waitFor();
  if (options.shots) await page.screenshot({ path: join(options.shots, "visit.png"), fullPage: true });
  return {};
}

// Pictures for a person to look at.
async function shots(context, options) {
  const take = async (page, name, full = false) => {
    await page.waitForTimeout(250);
    await page.screenshot({ path: join(options.shots, `${name}.png`), fullPage: full });
  };
  for (const lang of ["en", "zh"]) {
    const page = await open(context, options, `panel?lang=${lang}`);
    await live(page);
    for (const [size, viewport] of [["small", SMALL], ["wide", WIDE]]) {
      await page.setViewportSize(viewport);
      if (size === "small") await take(page, `idle-${lang}-${size}`);
      await poke(options, "ring?who=wang");
      await page.locator('.call[data-state="ringing"]').waitFor();
      await take(page, `ringing-${lang}-${size}`);
      await poke(options, "answer?who=wang");
      await page.locator(".profile").waitFor();
      await page.locator(".timeline .chat summary").click();
      await take(page, `answered-${lang}-${size}`, size === "small");
      await poke(options, "ring?who=many");
      await page.locator('.call[data-state="ringing"]').waitFor();
      await take(page, `many-${lang}-${size}`);
      await poke(options, "hangup?who=wang");
      await poke(options, "hangup?who=many");
      await poke(options, "ring?who=none");
      await page.locator('.call[data-state="ringing"] h1.unsure').waitFor();
      await take(page, `none-${lang}-${size}`);
      await poke(options, "hangup?who=none");
      await page.locator('.call[data-state="ended"]').waitFor();
    }
    await page.close();
    const online = await open(context, options, `desk?scheme=web_visitor&value=v-83a1&lang=${lang}`, options["desk-token"]);
    await online.locator(".cdrs li").first().waitFor();
    for (const [size, viewport] of [["small", SMALL], ["wide", WIDE]]) {
      await online.setViewportSize(viewport);
      await take(online, `desk-${lang}-${size}`, size === "small");
    }
    await online.close();
  }
  const dark = await open(context, options, "panel?lang=zh");
  await dark.emulateMedia({ colorScheme: "dark" });
  await dark.setViewportSize(WIDE);
  await live(dark);
  await poke(options, "ring?who=wang");
  await poke(options, "answer?who=wang");
  await dark.locator(".profile").waitFor();
  await take(dark, "dark-zh-wide");
  await poke(options, "hangup?who=wang");
  return {};
}

export const scenarios = { story, watch, visit, shots };
