// What both pages need: elements, numbers, and questions to the server with their time.

/** An element with attributes and children; a property that is null or false is left out. Text is never markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

const grouped = new Intl.NumberFormat("en-US");
export const count = (number) => grouped.format(number);
export const counted = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

export function milliseconds(value) {
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 10000 ? `${count(Math.round(value))} ms` : `${(value / 1000).toFixed(0)} s`;
}

export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let step = 0;
  while (value >= 1000 && step < units.length - 1) {
    value /= 1000;
    step += 1;
  }
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

export function percent(part) {
  return part === null ? "–" : `${(part * 100).toFixed(part > 0.995 && part < 1 ? 2 : 1)} %`;
}

export function duration(seconds) {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`;
}

/** Puts a sentence under the heading; `tone`: "", "warn" or "bad". */
export function say(sentence, tone = "") {
  const place = byId("say");
  place.textContent = sentence;
  place.className = tone ? `say ${tone}` : "say";
}

/** A list of names and values; a value may have a note below it. */
export function showFacts(place, facts) {
  place.replaceChildren(...facts.map(({ name, value, note, tone }) =>
    element("div", {}, element("dt", {}, name), element("dd", { class: tone }, value),
      note ? element("dd", { class: "note" }, note) : null)));
}

/** A failed answer in words that help. */
export function inWords(status, retryAfter, message) {
  const again = retryAfter ? ` Try again in ${counted(Number(retryAfter), "second", "seconds")}.` : "";
  if (status === 0) return "The server does not answer. Is it running, and is the network there?";
  if (status === 503) return `The server cannot answer at the moment: ${message}.${again}`;
  if (status === 404) return "There is nothing of that kind here.";
  return `The server answered with status ${status}: ${message}.`;
}

const LARGE = 8e6;

/**
 * GET `path`: {status, ok, data, large, milliseconds, cache, bytes, retryAfter, message, timing}. Never throws. What is longer
 * than a browser should hold is not read: `large`. The time is the browser's: from asking until the last byte was read.
 */
export async function ask(path) {
  const stop = new AbortController();
  const begun = performance.now();
  try {
    const response = await fetch(path, { signal: stop.signal, headers: { Accept: "application/json" } });
    const length = Number(response.headers.get("Content-Length"));
    const answer = {
      path, status: response.status, ok: response.ok, cache: response.headers.get("X-Cache"), bytes: length,
      retryAfter: response.headers.get("Retry-After"), timing: response.headers.get("Server-Timing"),
    };
    if (length > LARGE) {
      stop.abort();
      return { ...answer, large: true, milliseconds: performance.now() - begun };
    }
    const text = await response.text();
    const took = performance.now() - begun;
    const data = JSON.parse(text);
    return { ...answer, data, milliseconds: took, message: data.error ? data.error.message : "" };
  } catch {
    return { path, status: 0, ok: false, milliseconds: performance.now() - begun, message: "" };
  }
}
