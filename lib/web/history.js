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

/** From short to long: which of these a date (YYYY-MM-DD) lies in, counted, and what that is called. */
const dayOf = (date) => Date.parse(`${date}T00:00Z`) / 86400000;
const dateOf = (day) => new Date(day * 86400000).toISOString().slice(0, 10);
const years = (unit, length, suffix) => ({
  unit, most: 60, of: (date) => Math.floor(Number(date.slice(0, 4)) / length), name: (number) => `${number * length}${suffix}`,
});
const PERIODS = [
  { unit: "day", most: 41, of: dayOf, name: dateOf, label: (date) => date.slice(5) },
  { unit: "month", most: 49, of: (date) => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1,
    name: (number) => `${Math.floor(number / 12)}-${String(number % 12 + 1).padStart(2, "0")}` },
  years("year", 1, ""),
  years("decade", 10, "s"),
  years("century", 100, "s"), // the last: of 1970 to 9999, all that a timestamp can be, they are 81
];

/** The shortest period that gives a number of bars that can be read. The last may be the last there is: nothing is counted past it. */
function buckets(ratings) {
  const dates = ratings.map(({ timestamp }) => timestamp.slice(0, 10));
  const span = ({ of }) => of(dates[dates.length - 1]) - of(dates[0]) + 1;
  const { unit, of, name, label } = PERIODS.find((each) => span(each) <= each.most) ?? PERIODS[PERIODS.length - 1];
  const first = of(dates[0]);
  const items = Array.from({ length: of(dates[dates.length - 1]) - first + 1 }, (_, n) => {
    const title = name(first + n);
    return { label: label ? label(title) : title, title, value: 0 };
  });
  for (const date of dates) items[of(date) - first].value += 1;
  return { unit, items };
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
  document.title = profile?.ok ? `User ${user} · ratingsctl` : "History · ratingsctl";
  if (!found) return;
  if (!profile || profile.status === 404) {
    say(`User ${user} has no ratings.`, "warn");
  } else if (!profile.ok) {
    say(inWords(profile.status, profile.retryAfter, profile.message), "bad");
  } else {
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
  let text = location.hash.slice(1);
  try {
    text = decodeURIComponent(text);
  } catch { /* a lone %: no user id either way, and shown as it was typed */ }
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
