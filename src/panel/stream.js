// Server-sent events by fetch, since EventSource cannot send a token. Reconnects by itself with a growing, scattered
// pause, so that a restarted server is not met by all desktops in the same instant.

import { headers } from "./api.js";

const SILENCE = 40000;
const LONGEST_PAUSE = 30000;

// on.event(name, data), on.state("live" | "lost" | "denied")
export async function follow(path, on) {
  let last = "";
  let failures = 0;
  for (;;) {
    const outcome = await once(path, last, on, (id) => { last = id; failures = 0; });
    if (outcome === "denied") return on.state("denied");
    on.state("lost");
    failures += 1;
    const longest = Math.min(LONGEST_PAUSE, 500 * 2 ** failures);
    await Promise.race([pause(longest * (0.5 + Math.random() / 2)), online()]);
  }
}

async function once(path, last, on, progress) {
  const stop = new AbortController();
  let watch = setTimeout(() => stop.abort(), SILENCE);
  try {
    const more = last ? { Accept: "text/event-stream", "Last-Event-ID": last } : { Accept: "text/event-stream" };
    const response = await fetch(path, { headers: headers(more), cache: "no-store", credentials: "omit", signal: stop.signal });
    if (response.status === 401 || response.status === 403) return "denied";
    if (!response.ok || !response.body) return "lost";
    on.state("live");
    const parse = parser((event) => { if (event.id) progress(event.id); on.event(event.name, event.data); });
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "lost";
      clearTimeout(watch);
      watch = setTimeout(() => stop.abort(), SILENCE);
      parse(decoder.decode(value, { stream: true }));
    }
  } catch {
    return "lost";
  } finally {
    clearTimeout(watch);
    stop.abort();
  }
}

// Takes the text of an event stream in pieces cut anywhere; calls back with whole events.
export function parser(emit) {
  let rest = "";
  let event = { name: "message", data: [], id: "" };
  const line = (text) => {
    if (text === "") {
      if (event.data.length) emit({ name: event.name, id: event.id, data: JSON.parse(event.data.join("\n")) });
      event = { name: "message", data: [], id: "" };
      return;
    }
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event.name = value;
    if (field === "data") event.data.push(value);
    if (field === "id") event.id = value;
  };
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    lines.forEach(line);
  };
}

const pause = (time) => new Promise((done) => setTimeout(done, time));
const online = () => new Promise((done) => addEventListener("online", done, { once: true }));
