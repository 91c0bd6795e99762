// The remark field of one conversation: says whether what stands in it is saved, and never throws it away. A save replaces
// what its author wrote there before, so that is what stands in the field first.

import { ask, part } from "./api.js";
import { el } from "./dom.js";
import { t, when } from "./language.js";

const LONGEST = 2000;
let number = 0;

// What an author wrote on a conversation.
export const writtenBy = (author, remarks) => remarks.find((remark) => remark.author === author)?.text || "";

// What everybody wrote, each by his name.
export function remarkList(remarks) {
  return remarks.length > 0 && el("ul", { class: "remarks" }, remarks.map((remark) => el("li", {},
    el("p", { class: "remark-text" }, remark.text),
    el("small", { class: "quiet" }, `${remark.author} · ${when(remark.at)}`))));
}

export function remarkField(cdr, written = "", done = () => {}) {
  const id = `remark-${number += 1}`;
  const state = el("span", { class: "state", role: "status" });
  const button = el("button", { type: "submit", disabled: true }, t("save"));
  const field = el("textarea", { id, rows: "3", placeholder: t("remarkHint"), value: written });
  let saved = written;
  const show = (kind, text) => { state.dataset.kind = kind; state.textContent = text; };
  const changed = () => {
    const over = [...field.value.trim()].length - LONGEST;
    button.disabled = field.value === saved || over > 0;
    if (over > 0) show("error", t("tooLong", { n: over }));
    else if (field.value !== saved) show("pending", t("unsaved"));
    else show("", "");
  };
  const save = async (event) => {
    event?.preventDefault();
    if (button.disabled) return;
    const text = field.value;
    button.disabled = true;
    show("pending", t("saving"));
    try {
      await ask(`cdrs/${part(cdr)}/remark`, { method: "POST", body: { text } });
      saved = text;
      if (field.value === text) show("done", t("saved")); else changed();
      done(text);
    } catch (problem) {
      button.disabled = false;
      show("error", `${t("notSaved")}: ${problem.message || t("tryAgain")}`);
    }
  };
  field.addEventListener("input", changed);
  field.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(event); });
  const form = el("form", { class: "remark", onsubmit: save }, el("label", { for: id }, t("remark")), field, el("div", { class: "row" }, state, button));
  const put = (text) => { field.value = text; changed(); };
  // What its author wrote before; false when something else is being typed already.
  const found = (text) => { if (field.value !== saved) return false; saved = text; put(text); return true; };
  return { form, dirty: () => field.value !== saved, text: () => field.value, saved: () => saved, put, found };
}
