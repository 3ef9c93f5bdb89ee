// The page at /ops: what /ops.json says, again every five seconds while somebody looks.

import { ask, byId, bytes, count, counted, duration, element, inWords, milliseconds, percent, say, showFacts } from "./common.js";
import { line } from "./charts.js";
import { plainTable } from "./table.js";

const EVERY = 5000;
const KEPT = 60; // five minutes of rates

const rates = [];
let before = null;

const rate = (value) => (value < 100 ? value.toFixed(1) : count(Math.round(value)));
const yes = (ok) => element("span", { class: ok ? "good" : "bad" }, ok ? "ok" : "not ok");

function state(now) {
  const wrong = now.checks.filter((check) => !check.ok);
  if (now.checks.length === 0) return { name: "State", value: "unknown", tone: "warn", note: "the store was not checked yet" };
  const note = wrong.map((check) => check.name).join(", ");
  if (wrong.some((check) => check.vital)) return { name: "State", value: "not ready", tone: "bad", note };
  if (wrong.length > 0) return { name: "State", value: "degraded", tone: "warn", note };
  if (now.redis?.breaker_open) return { name: "State", value: "degraded", tone: "warn", note: "without Redis" };
  return { name: "State", value: "ready", tone: "good", note: `up ${duration(now.uptime_s ?? 0)}` };
}

function ratings(store) {
  if (!store) return { name: "Ratings", value: "–", note: "the store was not read" };
  const value = store.rows === null ? "–" : `${store.rows_exact ? "" : "≈\u00a0"}${count(store.rows)}`;
  return { name: "Ratings", value, note: `${bytes(store.bytes_on_disk)} on disk` };
}

function hits(now, last) {
  const { answers } = now;
  if (!answers) return { name: "Hit ratio", value: "–" };
  let note = "since the server started";
  if (last?.answers) {
    const sum = (of) => of.memory + of.redis + of.miss + of.bypass;
    const asked = sum(answers) - sum(last.answers);
    const hit = answers.memory + answers.redis - last.answers.memory - last.answers.redis;
    if (asked > 0) note = `${percent(hit / asked)} in the last seconds`;
  }
  return { name: "Hit ratio", value: percent(answers.hit_ratio), note };
}

function validation(found) {
  if (!found) return { name: "Last validation", value: "–" };
  const value = found.age_ms === null ? "none" : milliseconds(found.age_ms);
  if (found.delta_ms === 0) return { name: "Last validation", value, note: "one for each request" };
  const late = found.age_ms === null || found.age_ms > found.delta_ms;
  return { name: "Validator age", value, tone: late ? "bad" : null, note: `cached answers end at ${milliseconds(found.delta_ms)}` };
}

function memory(cache) {
  if (!cache) return { name: "Memory cache", value: "off" };
  return { name: "Memory cache", value: bytes(cache.bytes), note: `of ${bytes(cache.limit_bytes)}, ${counted(cache.entries, "user", "users")}` };
}

function redis(cache) {
  if (!cache) return { name: "Redis", value: "none", note: "not configured" };
  const note = `${count(cache.connections_in_use)} in use, ${count(cache.failed)} failed`;
  return cache.breaker_open ? { name: "Redis", value: "left alone", tone: "warn", note: "breaker open after failures" }
    : { name: "Redis", value: "in use", note };
}

function pool(found) {
  if (!found) return { name: "Store connections", value: "–" };
  return { name: "Store connections", value: `${found.in_use} of ${found.size}`, tone: found.waiting > 0 ? "warn" : null,
    note: `${count(found.waiting)} waiting, ${count(found.timeouts + found.refused)} in vain` };
}

function share(name, value, total) {
  const part = total > 0 ? value / total : 0;
  return [name, count(value), percent(total > 0 ? part : null)];
}

function showAnswers(answers) {
  const columns = [{ label: "X-Cache" }, { label: "Histories", numeric: true }, { label: "Share", numeric: true }];
  const names = ["memory", "redis", "miss", "bypass"];
  const total = answers ? names.reduce((sum, name) => sum + answers[name], 0) : 0;
  byId("answers").replaceChildren(plainTable(columns, answers ? names.map((name) => share(name, answers[name], total)) : [],
    { caption: "Histories by where they came from, since the server started", empty: "Nothing yet." }));
}

function showRate(now, last) {
  if (last && now.at > last.at && now.requests.total >= last.requests.total) {
    rates.push((now.requests.total - last.requests.total) / ((now.at - last.at) / 1000));
    if (rates.length > KEPT) rates.shift();
  }
  const words = rates.length === 0 ? "Two looks are needed for the first number."
    : `Now ${rate(rates[rates.length - 1])}, at most ${rate(Math.max(...rates))} since this page was opened.`;
  byId("rate-now").textContent = words;
  line(byId("rate"), rates, { summary: `Requests a second. ${words}`, most: KEPT });
}

function showServer(now) {
  const { requests, connections, samples } = now;
  const rows = [
    ["Requests answered", count(requests.total)],
    ["of these, 4xx", count(requests.client_errors)],
    ["of these, 5xx", count(requests.server_errors)],
    ["Turned away: busy, overloaded, no store", [requests.shed_busy, requests.shed_overloaded, requests.shed_unavailable].map(count).join(" · ")],
    ["Waiting for a worker", count(requests.waiting)],
    ["Connections: active, idle", `${count(connections.active)} · ${count(connections.idle)}`],
    ["Process memory", now.resident_bytes === null ? "–" : bytes(now.resident_bytes)],
  ];
  if (samples) rows.push(["Sampled hits: equal, different", `${count(samples.equal)} · ${count(samples.mismatches)}`]);
  byId("server").replaceChildren(plainTable([{ label: "What", wrap: true }, { label: "Number", numeric: true }], rows,
    { caption: "Counters, since the server started", empty: "", bare: true }));
}

function showStore(store) {
  const unknown = "The store was not read.";
  byId("loads").replaceChildren(plainTable(
    [{ label: "At (UTC)" }, { label: "Rows", numeric: true }, { label: "Rejected", numeric: true }, { label: "Generation", numeric: true }, { label: "File" }],
    (store?.loads ?? []).map((load) => [load.at, count(load.rows), count(load.rejected), count(load.generation), load.name]),
    { caption: "The last loads, newest first", empty: store ? "No loads yet." : unknown, stack: true }));
  byId("batches").replaceChildren(plainTable(
    [{ label: "At (UTC)" }, { label: "Batch" }, { label: "Users", numeric: true }, { label: "Rows", numeric: true }, { label: "State" }],
    (store?.batches ?? []).map((batch) => [batch.at, batch.batch, count(batch.users), count(batch.rows), batch.state]),
    { caption: "The last batches, newest first", stack: true, empty: store ? "No batches: nothing was purged or deduplicated." : unknown }));
}

function show(now) {
  showFacts(byId("facts"), [
    state(now), ratings(now.store), hits(now, before), validation(now.validation), memory(now.memory_cache), redis(now.redis),
    pool(now.store_pool), { name: "Excluded users", value: now.store ? count(now.store.excluded_users) : "–", note: now.store ? `generation ${now.store.generation}` : null },
  ]);
  showAnswers(now.answers);
  showRate(now, before);
  byId("checks").replaceChildren(plainTable([{ label: "Check" }, { label: "State" }, { label: "Detail", wrap: true }],
    now.checks.map((check) => [check.name, yes(check.ok), check.detail]), { caption: "Checks of the store", empty: "None yet." }));
  showServer(now);
  showStore(now.store);
}

async function refresh() {
  const answer = await ask("/ops.json");
  if (!answer.ok) {
    say(inWords(answer.status, answer.retryAfter, answer.message), "bad");
    return;
  }
  const now = { ...answer.data, at: performance.now() };
  byId("result").hidden = false;
  show(now);
  before = now;
  const server = now.store ? `, ${now.store.server}, schema version ${now.store.schema}` : "";
  if (now.store_read_failed) say(`ratingsctl ${now.version}${server}. The store cannot be read at the moment.`, "bad");
  else say(`ratingsctl ${now.version}${server}.`);
}

async function again() {
  if (byId("refresh").checked && !document.hidden) await refresh();
  setTimeout(again, EVERY);
}

byId("refresh").addEventListener("change", (event) => { if (event.target.checked) refresh(); });
refresh().then(() => setTimeout(again, EVERY));
