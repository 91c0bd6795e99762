// The voice agent's page: follows the phone by itself.

import { ask, keepToken, takeToken } from "./api.js";
import { candidate } from "./customer.js";
import { el, fill } from "./dom.js";
import { chooseLanguage, otherLanguage, phone, switchLanguage, t } from "./language.js";
import { Call } from "./pops.js";
import { follow } from "./stream.js";

takeToken();
chooseLanguage();

const asked = new URLSearchParams(location.search);
const calls = new Map();
let front = null;
let connection = "connecting";
let note = null;

const status = el("span", { class: "connection", role: "status" });
const language = el("button", { type: "button", class: "plain", onclick: () => { switchLanguage(); [...calls.values()].forEach((call) => call.again()); draw(); } });
const tabs = el("nav", { class: "tabs", role: "tablist" });
const stage = el("main");
const heard = el("p", { class: "unseen", role: "alert" });
document.body.append(el("header", { class: "bar" }, el("span", { class: "brand" }, "Trunkline"), status, language), tabs, stage, heard);

function draw() {
  language.textContent = otherLanguage();
  status.dataset.state = connection;
  status.textContent = t(connection);
  const list = [...calls.values()].reverse();
  tabs.hidden = list.length < 2;
  fill(tabs, list.map((call) => el("button", {
    type: "button", role: "tab", "aria-selected": String(call === front), "data-state": call.state, onclick: () => bring(call),
  }, call.name, el("small", {}, t(call.state)))));
  if (connection === "denied") fill(stage, tokenForm());
  else if (front) { if (stage.firstChild !== front.node) fill(stage, front.node); }
  else fill(stage, el("section", { class: "idle" }, el("h1", {}, t("idle")), el("p", { class: "quiet" }, t("idleHint")), note));
  document.title = front && front.state !== "ended" ? `${t(front.state)}: ${front.name}` : `Trunkline · ${t("panel")}`;
}

function bring(call) {
  front = call;
  draw();
}

function ring(pop, state) {
  let call = calls.get(pop.pop);
  if (!call) {
    for (const [id, old] of calls) if (old.state === "ended" && !old.dirty) calls.delete(id);
    call = new Call(pop);
    calls.set(pop.pop, call);
    front = call;
    heard.textContent = `${t("ringing")}: ${call.name}`;
  }
  call.update(pop, state);
  draw();
}

function over(id) {
  const call = calls.get(id);
  if (!call || call.state === "ended") return;
  call.end();
  const alive = [...calls.values()].filter((other) => other.state !== "ended");
  if (call === front && alive.length && !call.dirty) front = alive.at(-1);
  draw();
}

function happened(name, data) {
  if (name === "pop.ringing") ring(data, "ringing");
  if (name === "pop.answered") ring(data, "answered");
  if (name === "pop.ended") over(data.pop);
  if (name === "pop.live") [...calls.keys()].filter((id) => !data.pops.includes(id)).forEach(over);
  if (name === "customer.changed") {
    const ids = [data.customer, ...data.related];
    for (const call of calls.values()) if (call.state !== "ringing" && call.chosen && call.concerns(ids)) call.load().then(draw);
  }
}

function tokenForm() {
  const field = el("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const submit = (event) => { event.preventDefault(); keepToken(field.value); start(); };
  return el("form", { class: "token", onsubmit: submit }, el("h1", {}, t("tokenTitle")), el("label", { for: "token" }, t("tokenHint")), field, el("button", {}, t("tokenSave")));
}

function start() {
  connection = "connecting";
  draw();
  follow("api/v1/agent/events", { event: happened, state: (state) => { connection = state; draw(); } });
  opened();
}

// The page was opened by a desktop for one call: bring it to the front; without a live call say who has the number.
async function opened() {
  const said = ["call", "uui", "ani", "vdn"].filter((word) => asked.get(word));
  if (!said.length) return;
  try {
    const query = new URLSearchParams(said.map((word) => [word, asked.get(word)]));
    const { found } = await ask(`agent/pops/find?${query}`);
    if (found) {
      ring(found.pop, found.answered ? "answered" : "ringing");
      return bring(calls.get(found.pop.pop));
    }
    if (asked.get("ani")) note = await known(asked.get("ani"));
    else note = el("p", { class: "quiet" }, t("noLiveCall"));
  } catch (problem) {
    if (problem.status !== 401) note = el("p", { class: "error", role: "alert" }, problem.message || t("failed"));
  }
  draw();
}

async function known(ani) {
  const { candidates } = await ask(`who?${new URLSearchParams({ ani })}`);
  const list = candidates.map((brief) => candidate(brief, () => { location.href = `desk?customer=${brief.customer}`; }, false));
  return el("div", { class: "note" }, el("p", { class: "digits number" }, phone(ani)), el("p", { class: "quiet" }, t("noLiveCall")), el("ul", { class: "candidates" }, list));
}

setInterval(() => front?.tick(), 1000);
start();
