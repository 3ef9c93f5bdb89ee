// Charts as plain SVG, drawn at the width they are shown at, and again when that changes.

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** The next round number above `most`, and how many steps to it look good. */
function scale(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  for (const [factor, steps] of [[1, 2], [2, 2], [4, 2], [5, 5], [6, 3], [8, 2], [10, 2]]) {
    const top = factor * power;
    if (top >= most && (power > 1 || Number.isInteger(top / steps) || most < 1)) return { top, steps };
  }
  return { top: Math.max(most, 1), steps: 1 };
}

/** Calls `draw(width)` now and whenever `place` gets another width. */
function atEveryWidth(place, draw) {
  place.observer?.disconnect();
  let last = 0;
  const again = () => {
    const width = Math.floor(place.clientWidth);
    if (width === 0 || width === last) return;
    last = width;
    draw(width);
  };
  place.observer = new ResizeObserver(again);
  place.observer.observe(place);
  again();
}

function gridLines(svg, { left, width, top, bottom, limit }) {
  for (let i = 0; i <= limit.steps; i += 1) {
    const y = bottom - ((bottom - top) * i) / limit.steps;
    svg.append(shape("line", { x1: left, x2: width, y1: y, y2: y, class: "grid" }),
      shape("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, short.format((limit.top * i) / limit.steps)));
  }
}

/**
 * Bars for [{label, value, title}], left to right. `summary` says in a sentence what they show; below them stands a table of
 * the same, for whoever cannot see them. `columns`: its two headings.
 */
export function bars(place, items, { summary, columns, element, height = 190 }) {
  const drawing = element("div");
  const rows = items.map((item) => element("tr", {}, element("td", {}, item.title ?? item.label),
    element("td", { class: "number" }, String(item.value))));
  const table = element("table", {}, element("thead", {}, element("tr", {}, element("th", { scope: "col" }, columns[0]),
    element("th", { scope: "col", class: "number" }, columns[1]))), element("tbody", {}, ...rows));
  place.replaceChildren(drawing, element("details", {}, element("summary", {}, "As a table"),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": summary }, table)));

  atEveryWidth(drawing, (width) => {
    const limit = scale(Math.max(...items.map((item) => item.value)));
    const left = 12 + 7 * short.format(limit.top).length;
    const top = 18;
    const bottom = height - 24;
    const step = (width - left) / items.length;
    const thick = Math.max(1, Math.min(step * 0.72, 44));
    const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary });
    gridLines(svg, { left, width, top, bottom, limit });
    const longest = Math.max(...items.map((item) => item.label.length));
    const every = Math.max(1, Math.ceil((longest * 7 + 12) / step));
    const roomForValues = step >= 8 * short.format(limit.top).length;
    items.forEach((item, i) => {
      const tall = ((bottom - top) * item.value) / limit.top;
      const middle = left + step * (i + 0.5);
      if (item.value > 0) {
        svg.append(shape("rect", {
          x: middle - thick / 2, y: bottom - tall, width: thick, height: Math.max(tall, 1), rx: Math.min(2, thick / 4), class: "bar-shape",
        }, shape("title", {}, `${item.title ?? item.label}: ${item.value}`)));
        if (roomForValues) {
          svg.append(shape("text", { x: middle, y: bottom - tall - 5, "text-anchor": "middle", class: "value" }, short.format(item.value)));
        }
      }
      if (i % every === 0) svg.append(shape("text", { x: middle, y: height - 6, "text-anchor": "middle" }, item.label));
    });
    drawing.replaceChildren(svg);
  });
}

/** A line through `values`, the newest at the right; there is room for `most` of them. */
export function line(place, values, { summary, most, height = 150 }) {
  place.values = values;
  place.summary = summary;
  const draw = (width) => {
    const shown = place.values;
    const limit = scale(Math.max(1, ...shown));
    const left = 12 + 7 * short.format(limit.top).length;
    const top = 10;
    const bottom = height - 10;
    const step = (width - left) / Math.max(1, most - 1);
    const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": place.summary });
    gridLines(svg, { left, width, top, bottom, limit });
    const first = width - step * (shown.length - 1);
    const points = shown.map((value, i) => [first + step * i, bottom - ((bottom - top) * value) / limit.top]);
    if (points.length === 1) points.unshift([points[0][0] - step, points[0][1]]);
    if (points.length > 1) {
      const along = points.map((point) => point.map((part) => part.toFixed(1)).join(",")).join(" ");
      svg.append(shape("polygon", { points: `${points[0][0].toFixed(1)},${bottom} ${along} ${width},${bottom}`, class: "area" }),
        shape("polyline", { points: along, class: "line" }));
    }
    place.replaceChildren(svg);
  };
  atEveryWidth(place, draw);
}
