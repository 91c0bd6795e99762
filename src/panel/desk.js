// The online agent's page: the calls of the customer who writes. Stands in the chat desk's frame.

import { ask, author, keepToken, part, takeToken } from "./api.js";
import { candidate, profile, tags } from "./customer.js";
import { el, fill } from "./dom.js";
import { chooseLanguage, duration, otherLanguage, phone, switchLanguage, t, when, word } from "./language.js";
import { remarkField, remarkList, writtenBy } from "./remark.js";
import { agents, timeline } from "./timeline.js";

takeToken();
chooseLanguage();

const asked = new URLSearchParams(location.search);
const language = el("button", { type: "button", class: "plain", onclick: () => { switchLanguage(); start(); } });
const stage = el("main");
document.body.append(el("header", { class: "bar" }, el("span", { class: "brand" }, "Trunkline"), language), stage);

// What the chat desk calls its visitor: schemes to try, in this order.
function handles() {
  const scope = asked.get("scope") || "";
  const value = asked.get("value") || asked.get("visitorImId") || asked.get("easemobId");
  if (!value) return [];
  if (asked.get("scheme")) return [{ scheme: asked.get("scheme"), scope, value }];
  return ["easemob_id", "wx_openid", "web_visitor"].map((scheme) => ({ scheme, scope, value }));
}

async function start() {
  language.textContent = otherLanguage();
  document.title = `Trunkline · ${t("desk")}`;
  try {
    if (asked.get("customer")) return await show(asked.get("customer"));
    const named = handles();
    if (!named.length) return message(t("noParameters"));
    for (const handle of named) {
      const who = await ask(`who?${new URLSearchParams(handle)}`);
      if (who.candidates.length === 1) return await show(who.candidates[0].customer);
      if (who.candidates.length > 1) return choose(who.candidates);
    }
    message(t("noSuch"), t("noSuchHint"));
  } catch (problem) {
    if (problem.status === 401) return fill(stage, tokenForm());
    if (problem.status === 404) return message(t("noSuch"), t("noSuchHint"));
    message(t("failed"), problem.message);
  }
}

function message(title, hint) {
  fill(stage, el("section", { class: "idle" }, el("h1", {}, title), hint && el("p", { class: "quiet" }, hint),
    el("button", { type: "button", class: "plain", onclick: start }, t("load"))));
}

function choose(candidates) {
  const list = candidates.map((brief) => candidate(brief, (picked) => show(picked.customer), false));
  fill(stage, el("section", { class: "idle" }, el("h1", {}, t("many")), el("ul", { class: "candidates" }, list)));
}

async function show(id) {
  const [customer, history, me] = await Promise.all([ask(`customers/${part(id)}`), ask(`customers/${part(id)}/timeline?limit=50`), author()]);
  const calls = history.items.map((entry) => entry.cdr).filter((cdr) => cdr.medium === "voice");
  const side = timeline(id);
  fill(stage, el("article", { class: "call desk-view" },
    el("div", { class: "main" },
      el("section", { class: "who" }, el("h1", {}, customer.name || t("noName")), tags([...new Set(customer.tags.map((tag) => tag.tag))])),
      el("section", { class: "cdrs" }, el("h2", {}, t("cdrs")), calls.length ? el("ol", {}, calls.map((cdr) => row(cdr, customer, me))) : el("p", { class: "quiet" }, t("noCdrs")))),
    el("div", { class: "side" }, profile(customer), side.section)));
}

function row(cdr, customer, me) {
  const digits = (text) => (text || "").replace(/\D/g, "").slice(-8);
  const others = customer.handles.filter((handle) => handle.scheme === "phone" && digits(handle.value) !== digits(cdr.customer_handle));
  const fact = (name, value) => value && el("div", {}, el("dt", {}, name), el("dd", { class: "digits" }, value));
  const said = el("div", {}, remarkList(cdr.remarks));
  const place = el("div");
  const own = writtenBy(me, cdr.remarks);
  const written = (text) => {
    const others = cdr.remarks.filter((remark) => remark.author !== me);
    const mine = text.trim() ? [{ author: me, at: new Date().toISOString(), text }] : [];
    fill(said, remarkList([...others, ...mine]));
  };
  const write = el("button", { type: "button", class: "plain", "aria-expanded": "false" }, t(own ? "changeRemark" : "editRemark"));
  write.addEventListener("click", () => {
    const open = write.getAttribute("aria-expanded") === "true";
    write.setAttribute("aria-expanded", String(!open));
    place.hidden = open;
    if (!place.firstChild) place.append(remarkField(cdr.id, own, written).form);
    if (!open) place.querySelector("textarea").focus();
  });
  return el("li", {},
    el("p", { class: "head" }, el("time", { datetime: cdr.started }, when(cdr.started)), el("span", { class: `outcome ${cdr.outcome}` }, word("out", cdr.outcome))),
    el("dl", { class: "route" },
      fact(t("calling"), phone(cdr.customer_handle)),
      fact(t("alternate"), others.map((handle) => phone(handle.value)).join(", ")),
      fact(t("agent"), agents(cdr)),
      fact(t("talkTime"), cdr.talk_ms > 0 && duration(cdr.talk_ms))),
    said, write, place);
}

function tokenForm() {
  const field = el("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const submit = (event) => { event.preventDefault(); keepToken(field.value); start(); };
  return el("form", { class: "token", onsubmit: submit }, el("h1", {}, t("tokenTitle")), el("label", { for: "token" }, t("tokenHint")), field, el("button", {}, t("tokenSave")));
}

start();
