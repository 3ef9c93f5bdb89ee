// The page at /: one user's history, and what the cache did for it.

import { ask, byId, bytes, count, counted, element, inWords, milliseconds, say, showFacts } from "./common.js";
import { bars } from "./charts.js";
import { plainTable, sortableTable } from "./table.js";

const MOST = 20000; // of a history that is too long to be read whole: the newest
const KEPT = 8; // of the questions asked
const HIGHEST = 9223372036854775807n;
const MEANING = {
  memory: "the answer lay in this server's memory, and a check of the store showed that it is still right.",
  redis: "another server, or this one earlier, had left the answer in Redis, and it is still right.",
  miss: "no cache had it, so the store was read; the answer is kept for the next time.",
  bypass: "no cache could be used, so the store was read.",
};

const asked = [];
let latest = 0; // of the users asked for: a slow answer must not replace a later one

function validId(text) {
  return /^(0|[1-9][0-9]*)$/.test(text) && text.length <= 19 && BigInt(text) <= HIGHEST;
}

function note(answer) {
  asked.unshift(answer);
  asked.length = Math.min(asked.length, KEPT);
  const columns = [{ label: "Request", wrap: true }, { label: "X-Cache" }, { label: "Time", numeric: true }, { label: "Size", numeric: true }];
  byId("asked").replaceChildren(plainTable(columns, asked.map((each) => [
    each.path, each.cache ?? (each.status === 0 ? "no answer" : `status ${each.status}`), milliseconds(each.milliseconds),
    each.bytes > 0 ? bytes(each.bytes) : "–",
  ]), { caption: "The last requests of this page, newest first", empty: "" }));
  const seen = [...new Set(asked.map((each) => each.cache).filter((each) => each in MEANING))];
  const named = (name, words) => [element("strong", {}, `${name}: `), `${words} `];
  byId("meaning").replaceChildren(...named("Time", "measured in this browser, network included."),
    ...seen.flatMap((each) => named(each, MEANING[each])));
}

async function question(path) {
  const answer = await ask(path);
  note(answer);
  return answer;
}

/** Days, months or years, whichever gives a number of bars that can be read. */
function buckets(ratings) {
  const first = ratings[0].timestamp;
  const last = ratings[ratings.length - 1].timestamp;
  const days = (Date.parse(`${last.slice(0, 10)}T00:00Z`) - Date.parse(`${first.slice(0, 10)}T00:00Z`)) / 86400000;
  const length = days <= 40 ? 10 : days <= 366 * 4 ? 7 : 4; // of YYYY-MM-DD
  const sums = new Map();
  for (const { timestamp } of ratings) {
    const key = timestamp.slice(0, length);
    sums.set(key, (sums.get(key) ?? 0) + 1);
  }
  const filled = [];
  for (let key = first.slice(0, length); key <= last.slice(0, length); key = after(key)) {
    filled.push({ label: length === 10 ? key.slice(5) : key, title: key, value: sums.get(key) ?? 0 });
  }
  return { unit: { 10: "day", 7: "month", 4: "year" }[length], items: filled };
}

function after(key) {
  const next = (value, digits) => String(value).padStart(digits, "0");
  if (key.length === 4) return next(Number(key) + 1, 4);
  if (key.length === 7) {
    const [year, month] = key.split("-").map(Number);
    return month === 12 ? `${next(year + 1, 4)}-01` : `${next(year, 4)}-${next(month + 1, 2)}`;
  }
  return new Date(Date.parse(`${key}T00:00Z`) + 86400000).toISOString().slice(0, 10);
}

function showProfile(profile) {
  showFacts(byId("facts"), [
    { name: "Ratings", value: count(profile.num_rating) },
    { name: "Average", value: profile.avg_rating.toFixed(2), note: `± ${profile.stddev}` },
    { name: "Median", value: String(profile.median), note: `${profile.min} to ${profile.max}` },
    { name: "Movies", value: count(profile.distinct_movies), note: counted(profile.re_ratings, "re-rating", "re-ratings") },
    { name: "Active days", value: count(profile.active_days), note: `${profile.first.slice(0, 10)} to ${profile.last.slice(0, 10)}` },
  ]);
  const items = Object.entries(profile.histogram).sort(([a], [b]) => Number(a) - Number(b))
    .map(([label, value]) => ({ label, value, title: `rated ${label}` }));
  const [top] = [...items].sort((a, b) => b.value - a.value);
  bars(byId("histogram"), items, {
    summary: `How often each value was given; most often ${top.label}, ${counted(top.value, "time", "times")}`,
    columns: ["Value", "Ratings"], element,
  });
}

function showRatings(ratings, cut) {
  const { unit, items } = buckets(ratings);
  byId("activity-title").textContent = `Activity by ${unit}${cut ? ", of the newest" : ""}`;
  bars(byId("activity"), items, {
    summary: `Ratings by ${unit}, from ${items[0].title} to ${items[items.length - 1].title}`,
    columns: [unit[0].toUpperCase() + unit.slice(1), "Ratings"], element,
  });
  sortableTable(byId("history"), ratings, {
    columns: [
      { key: "timestamp", label: "Time (UTC)", show: (value) => value },
      { key: "movie_id", label: "Movie", numeric: true, show: String },
      { key: "rating", label: "Rating", numeric: true, show: (value) => value.toFixed(1) },
    ],
    caption: "This user's ratings", first: "timestamp", noun: ratings.length === 1 ? "rating" : "ratings",
  });
}

/** The ratings, oldest first; of a history that is too long the newest ones. Null: said why not. */
async function ratingsOf(user) {
  let answer = await question(`/rates/${user}`);
  const cut = Boolean(answer.large);
  if (cut) answer = await question(`/rates/${user}?order=desc&limit=${MOST}`);
  if (!answer.ok) {
    say(inWords(answer.status, answer.retryAfter, answer.message), "bad");
    return null;
  }
  return { ratings: cut ? answer.data.reverse() : answer.data, cut };
}

async function showUser(user) {
  latest += 1;
  const mine = latest;
  say(`Asking for user ${user}…`);
  const found = await ratingsOf(user);
  if (mine !== latest) return;
  const profile = found && found.ratings.length > 0 ? await question(`/user/profile/${user}`) : null;
  if (mine !== latest) return;
  byId("result").hidden = !(profile && profile.ok);
  if (!found) return;
  if (!profile || profile.status === 404) {
    say(`User ${user} has no ratings.`, "warn");
  } else if (!profile.ok) {
    say(inWords(profile.status, profile.retryAfter, profile.message), "bad");
  } else {
    document.title = `User ${user} · ratingsctl`;
    say(found.cut ? `User ${user} has ${count(profile.data.num_rating)} ratings; shown are the newest ${count(MOST)}.` : `User ${user}.`);
    showProfile(profile.data);
    showRatings(found.ratings, found.cut);
  }
}

/** The address holds the user behind a #, which browsers keep to themselves: no log on the way sees who was looked at. */
function show(text) {
  const input = byId("uid");
  input.value = text;
  const valid = validId(text);
  input.setAttribute("aria-invalid", String(!valid));
  if (valid) {
    showUser(text);
  } else {
    latest += 1;
    byId("result").hidden = true;
    say(`“${text}” is no user id: that is a whole number from 0 to ${HIGHEST}, without a sign or leading zeros.`, "bad");
  }
}

function fromAddress() {
  const text = decodeURIComponent(location.hash.slice(1));
  if (text !== "") show(text);
}

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("uid").value.trim();
  if (text === "") {
    say("Type a user id first.", "warn");
  } else if (location.hash === `#${encodeURIComponent(text)}`) {
    show(text);
  } else {
    location.hash = encodeURIComponent(text);
  }
});
byId("again").addEventListener("click", () => question(`/rates/${byId("uid").value.trim()}`));
window.addEventListener("hashchange", fromAddress);
fromAddress();
