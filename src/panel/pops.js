// One call on the panel. It has its own piece of the page for as long as it is shown, so that nothing typed into it is
// lost when another call comes to the front.

import { ask, author, part } from "./api.js";
import { candidate, lastContact, profile, tags } from "./customer.js";
import { el, fill } from "./dom.js";
import { duration, phone, t } from "./language.js";
import { remarkField, remarkList, writtenBy } from "./remark.js";
import { timeline } from "./timeline.js";

export class Call {
  constructor(pop) {
    this.pop = pop;
    this.state = "ringing";
    this.since = Date.parse(pop.rang) || Date.now();
    this.chosen = pop.candidates.length === 1 && pop.certainty === "one" ? pop.candidates[0] : null;
    this.customer = null;
    this.who = el("section", { class: "who" });
    this.details = el("div", { class: "details" });
    this.remark = el("div");
    this.history = el("div", { class: "side" });
    this.node = el("article", { class: "call", id: `call-${pop.pop}` }, el("div", { class: "main" }, this.who, this.remark, this.details), this.history);
    this.show();
  }

  get name() {
    return this.customer?.name || this.chosen?.name || phone(this.pop.route.calling.number) || t("unknown");
  }

  get dirty() {
    return Boolean(this.field?.dirty());
  }

  update(pop, state) {
    if (this.state === "ended") return;
    this.pop = pop;
    const still = pop.candidates.find((brief) => brief.customer === this.chosen?.customer);
    this.chosen = still || (pop.certainty === "one" ? pop.candidates[0] : null);
    if (state === "answered" && this.state === "ringing") {
      this.state = "answered";
      this.since = Date.now();
      this.writable();
      if (this.chosen) this.load();
    }
    this.show();
  }

  end() {
    this.state = "ended";
    this.writable();
    this.show();
  }

  writable(written) {
    if (this.field) return;
    this.field = remarkField(this.pop.cdr, written);
    const others = el("div");
    fill(this.remark, others, this.field.form);
    this.remarked(this.field, others);
  }

  // What stands on this conversation already: one's own remark goes into the field, those of others (and one's own, where
  // something is being typed) above it.
  async remarked(field, others) {
    try {
      const [me, { remarks }] = await Promise.all([author(), ask(`cdrs/${part(this.pop.cdr)}`)]);
      const mine = writtenBy(me, remarks);
      const shown = mine === field.saved() || field.found(mine);
      fill(others, remarkList(shown ? remarks.filter((remark) => remark.author !== me) : remarks));
    } catch (problem) {
      // The record of a call that was just answered may not be written yet: then nobody has remarked on it.
      if (problem.status === 404) return;
      fill(others, el("p", { class: "error", role: "alert" }, t("remarksUnread"), " ",
        el("button", { type: "button", class: "plain", onclick: () => this.remarked(field, others) }, t("load"))));
    }
  }

  choose(brief) {
    this.chosen = brief;
    this.show();
    this.load();
  }

  // Reads everything about the chosen customer; only the newest reading counts.
  async load() {
    const asked = this.chosen.customer;
    const turn = (this.turn = (this.turn || 0) + 1);
    const side = timeline(asked, this.pop.cdr);
    try {
      const customer = await ask(`customers/${part(asked)}`);
      await side.ready;
      if (turn !== this.turn) return;
      this.customer = customer;
      fill(this.details, profile(customer));
      fill(this.history, side.section);
      this.show();
    } catch (problem) {
      if (turn !== this.turn) return;
      fill(this.details, el("p", { class: "error", role: "alert" }, t("failed"), " ", problem.message,
        el("button", { type: "button", class: "plain", onclick: () => this.load() }, t("load"))));
    }
  }

  concerns(ids) {
    return Boolean(this.customer && ids.includes(this.customer.customer)) || this.pop.candidates.some((brief) => ids.includes(brief.customer));
  }

  tick() {
    if (this.state !== "ended") this.timer.textContent = duration(Date.now() - this.since);
  }

  // After a switch of language everything is written anew; what was typed is carried over.
  again() {
    if (this.field) {
      const [text, saved] = [this.field.text(), this.field.saved()];
      this.field = null;
      this.writable(saved);
      this.field.put(text);
    }
    if (this.customer) this.load();
    this.show();
  }

  show() {
    const { pop, chosen } = this;
    this.node.dataset.state = this.state;
    this.timer = el("span", { class: "timer" });
    const many = pop.certainty === "many";
    const title = chosen ? this.customer?.name || chosen.name || t("noName") : many ? t("many") : t("unknown");
    const shown = this.customer ? this.customer.tags.map((tag) => tag.tag) : chosen?.tags || [];
    fill(this.who,
      el("p", { class: "state" }, el("span", { class: "word" }, t(this.state)), this.timer),
      el("h1", { class: chosen ? "" : "unsure" }, title),
      el("p", { class: "digits number" }, phone(pop.route.calling.number) || t("withheld")),
      this.route(),
      tags([...new Set(shown)]),
      many && !chosen && el("p", { class: "quiet" }, t("manyHint")),
      !many && !chosen && el("p", { class: "quiet" }, t("unknownHint")),
      many && this.candidates(),
      chosen && this.state === "ringing" && lastContact(chosen.last_contact),
      chosen && this.state !== "ringing" && !this.customer && lastContact(chosen.last_contact));
    this.tick();
  }

  candidates() {
    const list = this.pop.candidates.map((brief) => candidate(brief, (picked) => this.choose(picked), brief.customer === this.chosen?.customer));
    return el("ul", { class: "candidates" }, list);
  }

  route() {
    const { route, data = {} } = this.pop;
    const facts = [
      [t("dialled"), phone(route.called.number)], [t("vdn"), route.vdn], [t("queue"), route.queue], [t("digits"), data.digits],
      [t("data"), data.uui_text], ...Object.entries(data.pairs || {}),
    ].filter(([, value]) => value);
    return facts.length > 0 && el("dl", { class: "route" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  }
}
