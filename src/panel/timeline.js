// A customer's calls and chats, the newest first; each opens to its messages or legs.

import { ask, part } from "./api.js";
import { el } from "./dom.js";
import { clock, duration, phone, t, when, word } from "./language.js";

const PAGE = 20;

// Returns the section at once and fills it when the answer is there; a failure is shown with a way to try again.
export function timeline(customer, skip) {
  const list = el("ol", { class: "timeline" });
  const foot = el("div", { class: "foot" });
  const load = async (before) => {
    foot.replaceChildren();
    try {
      const query = before ? `?limit=${PAGE}&before=${part(before)}` : `?limit=${PAGE}`;
      const { items } = await ask(`customers/${part(customer)}/timeline${query}`);
      list.append(...items.filter((entry) => entry.cdr.id !== skip).map(entryOf));
      if (!list.children.length) foot.replaceChildren(el("p", { class: "quiet" }, t("noTimeline")));
      if (items.length === PAGE) foot.replaceChildren(el("button", { type: "button", class: "plain", onclick: () => load(items.at(-1).at) }, t("more")));
    } catch (problem) {
      foot.replaceChildren(el("p", { class: "error", role: "alert" }, t("failed"), " ", problem.message,
        el("button", { type: "button", class: "plain", onclick: () => load(before) }, t("load"))));
    }
  };
  const ready = load();
  return { section: el("section", { class: "history" }, el("h2", {}, t("timeline")), list, foot), ready };
}

function entryOf(entry) {
  const { cdr } = entry;
  const chat = cdr.medium === "chat";
  const facts = [
    word("out", cdr.outcome),
    agents(cdr),
    chat ? t("messages", { n: cdr.messages }) : cdr.talk_ms > 0 && t("talk", { d: duration(cdr.talk_ms) }),
    !chat && cdr.queue_ms >= 1000 && t("waited", { d: duration(cdr.queue_ms) }),
    cdr.transfers > 0 && t("transfers", { n: cdr.transfers }),
  ].filter(Boolean);
  const head = [
    el("span", { class: "head" }, el("span", { class: "channel" }, word("ch", cdr.channel)), el("time", { datetime: entry.at }, when(entry.at))),
    el("span", { class: "facts" }, facts.join(" · ")),
    ...cdr.remarks.map((remark) => el("span", { class: "remark-text", title: remark.author }, remark.text)),
  ];
  const inside = chat ? entry.messages.map(messageOf) : callOf(cdr);
  if (!inside.length) return el("li", { class: cdr.medium }, el("div", { class: "summary" }, head));
  return el("li", { class: cdr.medium }, el("details", {}, el("summary", {}, head), el(chat ? "ol" : "dl", { class: chat ? "messages" : "call-facts" }, inside)));
}

function messageOf(message) {
  const who = message.author === "agent" ? message.author_id || t("agent") : t(message.author);
  return el("li", { class: message.author }, el("small", {}, `${who} · ${clock(message.at)}`), el("p", {}, message.text));
}

function callOf(cdr) {
  const facts = [
    [t("calling"), cdr.customer_handle && phone(cdr.customer_handle)],
    [t("dialled"), cdr.dialled], [t("vdn"), cdr.vdn], [t("queue"), cdr.queues.join(", ")],
    ...cdr.legs.map((leg) => [`${t("agent")}`, `${leg.agent || "–"} (${leg.extension}) ${duration(leg.talk_ms)}`]),
  ];
  return facts.filter(([, value]) => value).map(([name, value]) => [el("dt", {}, name), el("dd", { class: "digits" }, value)]);
}

export function agents(cdr) {
  return [...new Set(cdr.legs.map((leg) => leg.agent || leg.extension).filter(Boolean))].join(", ");
}
