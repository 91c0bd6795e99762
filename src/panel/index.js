// Says what is here.

import { el } from "./dom.js";
import { chooseLanguage, t } from "./language.js";

chooseLanguage();
const entry = (path, title, hint) => el("li", {}, el("a", { href: path + location.hash }, title), el("p", { class: "quiet" }, hint));
document.body.append(el("main", { class: "front" }, el("h1", {}, "Trunkline"), el("p", { class: "quiet" }, t("indexHint")),
  el("ul", {}, entry("panel", t("panel"), t("panelHint")), entry("desk", t("desk"), t("deskHint")), entry("api/openapi.json", t("api"), "OpenAPI 3.1"))));
