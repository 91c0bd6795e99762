// Talks to the API. The token comes once by the address's fragment (which no server and no log sees) or is pasted, and
// lives as long as this tab. There are no cookies.

const KEY = "trunkline-token";
let held = "";

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function takeToken() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("token");
  if (given) {
    keepToken(given);
    history.replaceState(null, "", location.pathname + location.search);
  } else {
    try { held = sessionStorage.getItem(KEY) || ""; } catch { /* a frame without storage: pasted each time */ }
  }
}

export function keepToken(token) {
  held = token.trim();
  try { sessionStorage.setItem(KEY, held); } catch { /* as above */ }
}

export function headers(more = {}) {
  // A fetch refuses header values beyond Latin-1; such a text is no token of ours anyway.
  const usable = held && /^[\x21-\x7e]+$/.test(held);
  return usable ? { ...more, Authorization: `Bearer ${held}` } : more;
}

export async function ask(path, options = {}) {
  const { method = "GET", body } = options;
  const more = body === undefined ? {} : { "Content-Type": "application/json" };
  const init = { method, headers: headers(more), cache: "no-store", credentials: "omit" };
  if (body !== undefined) init.body = JSON.stringify(body);
  let response;
  try {
    response = await fetch(`api/v1/${path}`, init);
  } catch {
    throw new Problem(0, "");
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  let detail = "";
  try { detail = (await response.json()).detail || ""; } catch { /* no problem document: the status says it */ }
  throw new Problem(response.status, detail);
}

// The author that remarks written here have. Asked once; a failure is asked again.
let name = null;
export function author() {
  name ??= ask("me").then((me) => me.author).catch((problem) => { name = null; throw problem; });
  return name;
}

export const part = encodeURIComponent;
