// What all widgets of pynn use. Python puts this text before that of each widget.

const SVG = "http://www.w3.org/2000/svg";
const BLUE = [0, 114, 178], ORANGE = [213, 94, 0];
const EVERY = 50;                                   // milliseconds between two messages to Python

// ---- elements ----

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// The words of the widget's language, from {en: {...}, zh: {...}}.
function wordsOf(model, dictionary) {
  return dictionary[model.get("lang")] ?? dictionary.en;
}

// What a module exports: build(model, el) draws the widget, anew when its language changes, and may return how to stop it.
function widget(build) {
  return {
    render({ model, el }) {
      let ends = [];
      const end = () => { ends.forEach((one) => one()); ends = []; };
      const watched = {
        get: (name) => model.get(name),
        set: (name, value) => model.set(name, value),
        save_changes: () => model.save_changes(),
        on: (events, call) => { model.on(events, call); ends.push(() => model.off(events, call)); },
      };
      const show = () => {
        end();
        el.replaceChildren();
        const stop = build(watched, el);
        if (stop) ends.push(stop);
      };
      model.on("change:lang", show);
      show();
      return () => { end(); model.off("change:lang", show); };
    },
  };
}

// The widget's outermost element, with the errors that Python sends and a button for the other language.
function frame(model, el, ...children) {
  const chinese = model.get("lang") === "zh";
  const error = html("p", { class: "error", role: "alert" });
  const other = button(chinese ? "English" : "中文", () => { model.set("lang", chinese ? "en" : "zh"); model.save_changes(); });
  other.lang = chinese ? "en" : "zh-CN";
  other.className = "language";
  const tell = () => { error.textContent = model.get("answer").error ?? ""; };
  model.on("change:answer", tell);
  tell();
  el.append(html("div", { class: "pynn", lang: chinese ? "zh-CN" : "en" }, ...children, error, other));
}

// ---- controls ----

// JupyterLab takes the arrow keys for itself unless the very element that has the focus says otherwise.
const KEYS = { "data-lm-suppress-shortcuts": "true" };

// A slider with its label and its number; a logarithmic one has the exponent of ten as its position.
function slider({ label, min, max, step, value, log = false, digits = 2, change }) {
  const show = (number) => (log ? Number(number.toPrecision(2)).toString() : number.toFixed(digits));
  const output = html("span", { class: "number" });
  const input = html("input", { type: "range", min, max, step, "aria-label": label, ...KEYS });
  const read = () => (log ? 10 ** Number(input.value) : Number(input.value));
  const write = (number) => {
    input.value = log ? Math.log10(number) : number;
    output.textContent = show(number);
    input.setAttribute("aria-valuetext", show(number));
  };
  input.addEventListener("input", () => {
    output.textContent = show(read());
    input.setAttribute("aria-valuetext", show(read()));
    change(read());
  });
  write(value);
  return { element: html("label", { class: "slider" }, html("span", {}, label), input, output), write };
}

// A menu; options are [value, text].
function menu({ label, options, value, change }) {
  const select = html("select", { onchange: () => change(select.value), ...KEYS },
    ...options.map(([key, text]) => html("option", { value: key }, text)));
  select.value = value;
  return { element: html("label", { class: "menu" }, html("span", {}, label), select), write: (key) => { select.value = key; } };
}

function button(text, click) {
  return html("button", { type: "button", onclick: click }, text);
}

// ---- to and from Python ----

// Calls `send` at most every 50 ms, and once more for what came last: thousands of messages a second freeze the page.
function throttled(send) {
  let timer = null, due = false;
  const run = () => {
    due = false;
    send();
    timer = setTimeout(() => { timer = null; if (due) run(); }, EVERY);
  };
  return () => { due = true; if (timer === null) run(); };
}

// The numbers of a message: its DataView may begin anywhere, a Float32Array may not.
function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

// ---- pictures ----

// Numbers as pixels; color(value) is [red, green, blue, opacity from 0 to 1].
function paint(canvas, values, rows, columns, color) {
  canvas.width = columns;
  canvas.height = rows;
  const image = new ImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) {
    const [red, green, blue, opacity] = color(values[i]);
    image.data.set([red, green, blue, 255 * opacity], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const ink = (value) => [0, 0, 0, value];

// From -top, orange, over 0, transparent, to top, blue.
function twoSided(top) {
  return (value) => [...(value < 0 ? ORANGE : BLUE), Math.min(1, Math.abs(value) / top) || 0];
}

// Round numbers that divide the range from low to high.
function ticks(low, high, count = 4) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9 * step; tick += step) found.push(tick);
  return found;
}

const rounded = (number) => Number(number.toPrecision(3)).toString();

// A chart of lines over 0 to xmax. A line is {values, color, name, dots, faint, at}; value i stands at at(i). NaN leaves a gap.
function chart({ title, series, xmax, xlabel, low = 0, high = null }) {
  const width = 320, height = 200, left = 44, right = 10, top = 24, bottom = 32;
  const numbers = series.flatMap((line) => Array.from(line.values)).filter(Number.isFinite);
  const floor = Math.min(low, ...numbers), ceiling = Math.max(high ?? -Infinity, ...numbers, floor + 1e-6);
  const x = (value) => left + (width - left - right) * value / (xmax || 1);
  const y = (value) => height - bottom - (height - top - bottom) * (value - floor) / (ceiling - floor);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": title },
    svg("text", { x: left, y: 15, class: "title" }, title));
  for (const tick of ticks(floor, ceiling)) {
    picture.append(svg("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), class: "grid" }),
      svg("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, rounded(tick)));
  }
  for (const tick of xmax ? ticks(0, xmax) : []) {
    picture.append(svg("text", { x: x(tick), y: height - bottom + 15, "text-anchor": "middle" }, rounded(tick)));
  }
  picture.append(svg("text", { x: (left + width - right) / 2, y: height - 3, "text-anchor": "middle" }, xlabel));
  for (const line of series) {
    const at = line.at ?? ((i) => xmax * i / Math.max(line.values.length - 1, 1));
    picture.append(...drawnLine(line, (i) => x(at(i)), y));
  }
  const names = series.filter((line) => line.name).map((line) => svg("tspan", { fill: line.color, dx: 8 }, "● " + line.name));
  picture.append(svg("text", { x: width - right, y: 15, "text-anchor": "end" }, ...names));
  return picture;
}

function drawnLine({ values, color, dots, faint }, x, y) {
  const parts = [];
  let path = "";
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) { parts.push(path); path = ""; return; }
    path += `${path ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  parts.push(path);
  const drawn = parts.filter(Boolean).map((d) => svg("path", { d, fill: "none", stroke: color, "stroke-width": 1.8, opacity: faint ? 0.35 : 1 }));
  if (dots) {
    values.forEach((value, i) => {
      if (Number.isFinite(value)) drawn.push(svg("circle", { cx: x(i), cy: y(value), r: 2.5, fill: color }));
    });
  }
  return drawn;
}
