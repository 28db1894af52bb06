// A network that learns points in the plane. Python trains; the page asks for the next steps when it has drawn the last ones.

const WORDS = {
  en: { start: "Start", pause: "Pause", step: "Step", reset: "Reset", data: "data", layers: "hidden layers", units: "units in each", activation: "activation",
    optimizer: "optimizer", rate: "learning rate", loss: "loss", count: "step", hidden: "what each hidden unit computes", layer: (n) => `layer ${n}`, plane: "decision boundary",
    now: (steps, loss, right) => `${steps} steps · loss ${loss} · ${right} % right`, circle: "circle", xor: "XOR", spiral: "spiral", blobs: "blobs" },
  zh: { start: "开始", pause: "暂停", step: "一步", reset: "重置", data: "数据", layers: "隐藏层数", units: "每层神经元", activation: "激活函数",
    optimizer: "优化器", rate: "学习率", loss: "损失", count: "步", hidden: "每个隐藏神经元算出什么", layer: (n) => `第 ${n} 层`, plane: "决策边界",
    now: (steps, loss, right) => `${steps} 步 · 损失 ${loss} · 正确 ${right} %`, circle: "圆", xor: "XOR", spiral: "螺旋", blobs: "两团" },
};
const DATA = ["circle", "xor", "spiral", "blobs"];
const ACTIVATIONS = ["relu", "sigmoid", "tanh", "leaky_relu"];
const OPTIMIZERS = ["SGD", "Momentum", "AdaGrad", "RMSprop", "Adam"];
const AT_ONCE = 10;         // steps between two pictures

// The probability of class 1: orange below a half, blue above.
const chance = (p) => [...(p < 0.5 ? ORANGE : BLUE), Math.abs(p - 0.5)];

function dots(answer) {
  const x = floats(answer.x), t = floats(answer.t), limit = answer.limit;
  const picture = svg("svg", { viewBox: `${-limit} ${-limit} ${2 * limit} ${2 * limit}` });
  t.forEach((label, i) => picture.append(svg("circle", { cx: x[2 * i], cy: -x[2 * i + 1], r: 0.028,
    fill: label ? "var(--blue)" : "var(--orange)", stroke: "var(--jp-layout-color0, Canvas)", "stroke-width": 0.008 })));
  return picture;
}

function unitPictures(answer, words) {
  const side = answer.unit_grid, each = side * side;
  return answer.units.map((layer, number) => {
    const values = floats(layer);
    const color = twoSided(values.reduce((top, value) => Math.max(top, Math.abs(value)), 1e-9));
    const canvases = Array.from({ length: values.length / each }, (_, i) => {
      const canvas = html("canvas");
      paint(canvas, values.subarray(i * each, (i + 1) * each), side, side, color);
      return canvas;
    });
    return html("div", { class: "layer" }, html("span", {}, words.layer(number + 1)), ...canvases);
  });
}

function controls(model, words, save) {
  const set = (name, value) => { model.set(name, value); save(); };
  const sizes = () => model.get("hidden_size_list");
  const choose = (name, keys) => menu({ label: words[name], value: model.get(name), change: (value) => set(name, value),
    options: keys.map((key) => [key, words[key] ?? key]) });
  const menus = { data: choose("data", DATA), activation: choose("activation", ACTIVATIONS), optimizer: choose("optimizer", OPTIMIZERS) };
  const layers = slider({ label: words.layers, min: 1, max: 3, step: 1, digits: 0, value: sizes().length,
    change: (count) => set("hidden_size_list", Array(count).fill(sizes()[0])) });
  const units = slider({ label: words.units, min: 1, max: 8, step: 1, digits: 0, value: sizes()[0],
    change: (count) => set("hidden_size_list", sizes().map(() => count)) });
  const rate = slider({ label: words.rate, min: -4, max: 1, step: 0.05, log: true, value: model.get("lr"), change: (value) => set("lr", value) });
  for (const name in menus) model.on(`change:${name}`, () => menus[name].write(model.get(name)));
  model.on("change:lr", () => rate.write(model.get("lr")));
  model.on("change:hidden_size_list", () => { layers.write(sizes().length); units.write(sizes()[0]); });
  return [menus.data, layers, units, menus.activation, menus.optimizer, rate].map((control) => control.element);
}

function build(model, el) {
  const words = wordsOf(model, WORDS);
  let playing = false, timer = null;
  const boundary = html("canvas"), plane = html("div", { class: "plane", role: "img", "aria-label": words.plane });
  const units = html("div", { class: "units" }), curve = html("div", {}), now = html("p", { role: "status" });
  const save = throttled(() => model.save_changes());
  const ask = (steps) => {
    model.set("ask", { number: (model.get("ask").number ?? 0) + 1, steps });
    model.save_changes();
  };
  const play = (on) => {
    playing = on;
    start.textContent = on ? words.pause : words.start;
    start.setAttribute("aria-pressed", on);
    clearTimeout(timer);
    if (on) ask(AT_ONCE);
  };
  const start = button(words.start, () => play(!playing));
  const buttons = [start, button(words.step, () => { play(false); ask(1); }),
    button(words.reset, () => { play(false); model.set("seed", model.get("seed") + 1); save(); })];

  function redraw() {
    const answer = model.get("answer");
    if (!answer.boundary) return;
    const losses = floats(answer.losses);
    paint(boundary, floats(answer.boundary), answer.grid, answer.grid, chance);
    plane.replaceChildren(boundary, dots(answer));
    units.replaceChildren(...unitPictures(answer, words));
    curve.replaceChildren(chart({ title: words.loss, xlabel: words.count, xmax: answer.steps, series: [{ values: losses, color: "var(--blue)" }] }));
    now.textContent = words.now(answer.steps, losses.length ? rounded(losses.at(-1)) : "-", Math.round(100 * answer.accuracy));
  }

  // The next steps, once the last are drawn; on an error the training rests.
  function go() {
    if (!playing) return;
    if (model.get("answer").error) play(false);
    else {
      clearTimeout(timer);
      timer = setTimeout(() => ask(AT_ONCE), EVERY);
    }
  }

  frame(model, el, html("div", { class: "buttons" }, ...buttons, now),
    html("div", { class: "row", style: "margin-top: 8px" },
      html("div", { class: "column", style: "max-width: 300px" }, ...controls(model, words, save)),
      html("div", { class: "column fixed" }, plane),
      html("div", { class: "column", style: "max-width: 380px" }, html("h4", {}, words.hidden), units, curve)));
  model.on("change:answer", () => { redraw(); go(); });
  redraw();
  return () => play(false);
}

export default widget(build);
