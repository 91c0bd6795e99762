// Who it is: tags, last contact, profile with source and age of each value, numbers and ids.

import { el } from "./dom.js";
import { age, phone, source, t, when, word } from "./language.js";

export function tags(list) {
  if (!list.length) return null;
  return el("ul", { class: "tags" }, list.map((tag) => el("li", {}, tag)));
}

export function lastContact(contact) {
  if (!contact) return el("p", { class: "quiet" }, t("noContact"));
  return el("div", { class: "last" },
    el("h3", {}, t("lastContact")),
    el("p", {}, el("span", { class: "channel" }, word("ch", contact.channel)), el("time", { datetime: contact.at }, when(contact.at))),
    contact.remark && el("blockquote", {}, contact.remark));
}

export function profile(customer) {
  const fields = customer.fields.filter((field) => field.value && field.name !== "name").map((field) => [
    el("dt", {}, word("f", field.name)),
    el("dd", {}, el("span", {}, field.value), el("small", { title: new Date(field.at).toLocaleString() }, `${source(field.source)} · ${age(field.at)}`)),
  ]);
  const handles = customer.handles.map((handle) => [
    el("dt", {}, word("s", handle.scheme)),
    el("dd", {}, el("span", { class: "digits" }, handle.scheme === "phone" ? phone(handle.value) : handle.value), el("small", {}, age(handle.last_seen))),
  ]);
  return el("section", { class: "profile" },
    el("h2", {}, t("profile")), fields.length > 0 && el("dl", {}, fields), el("dl", { class: "handles" }, handles));
}

export function candidate(brief, choose, chosen) {
  const last = brief.last_contact;
  return el("li", {}, el("button", { type: "button", class: "candidate", "aria-pressed": String(chosen), onclick: () => choose(brief) },
    el("strong", {}, brief.name || t("noName")),
    el("span", { class: "quiet" }, last ? `${word("ch", last.channel)} · ${when(last.at)}` : t("noContact")),
    brief.tags.length > 0 && el("span", { class: "plain-tags" }, brief.tags.join(" · "))));
}
