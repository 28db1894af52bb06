// A perceptron: sliders, its line, and the truth table of a gate. All of it is computed here, so it works without a kernel too.

const WORDS = {
  en: { gate: "gate", sum: "sum", bias: "bias b", fires: "fires: y = 1", done: (gate) => `This is ${gate}.`,
    todo: (wrong) => `${wrong} of 4 rows are wrong. Move the sliders.`,
    never: (wrong) => `${wrong} of 4 rows are wrong. No single line can be XOR (section 2.4).`, line: "the perceptron's line" },
  zh: { gate: "门", sum: "总和", bias: "偏置 b", fires: "激活：y = 1", done: (gate) => `这就是 ${gate} 门。`,
    todo: (wrong) => `4 行中有 ${wrong} 行不对，请移动滑块。`,
    never: (wrong) => `4 行中有 ${wrong} 行不对。一条直线做不出 XOR（2.4 节）。`, line: "感知机的直线" },
};
const GATES = { AND: [0, 0, 0, 1], NAND: [1, 1, 1, 0], OR: [0, 1, 1, 1], XOR: [0, 1, 1, 0] };
const INPUTS = [[0, 0], [1, 0], [0, 1], [1, 1]];
const LOW = -0.5, HIGH = 1.5, SIZE = 300, MARGIN = 26;

const toX = (x) => MARGIN + (SIZE - 2 * MARGIN) * (x - LOW) / (HIGH - LOW);
const toY = (y) => SIZE - toX(y);

// The part of the square where w1 x1 + w2 x2 + b > 0: each edge is cut where the sum changes its sign.
function firing(sum) {
  const corners = [[LOW, LOW], [HIGH, LOW], [HIGH, HIGH], [LOW, HIGH]];
  const inside = [], line = [];
  corners.forEach((from, i) => {
    const to = corners[(i + 1) % 4], a = sum(...from), b = sum(...to);
    if (a > 0) inside.push(from);
    if ((a > 0) !== (b > 0)) {
      const share = a / (a - b);
      const cut = [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
      inside.push(cut);
      line.push(cut);
    }
  });
  return { inside, line };
}

function drawPlane(sum, want, words) {
  const { inside, line } = firing(sum);
  const place = (points) => points.map(([x, y]) => `${toX(x)},${toY(y)}`).join(" ");
  const picture = svg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img", "aria-label": words.line, style: "max-width: 320px" },
    svg("rect", { x: MARGIN, y: MARGIN, width: SIZE - 2 * MARGIN, height: SIZE - 2 * MARGIN, fill: "none", stroke: "var(--faint)" }),
    svg("polygon", { points: place(inside), fill: "var(--blue)", opacity: 0.18 }),
    svg("polyline", { points: place(line), stroke: "var(--blue)", "stroke-width": 2.5, fill: "none" }));
  for (const tick of [0, 1]) {
    picture.append(svg("text", { x: toX(tick), y: SIZE - 8, "text-anchor": "middle" }, tick),
      svg("text", { x: 12, y: toY(tick) + 4, "text-anchor": "middle" }, tick));
  }
  picture.append(svg("text", { x: toX(0.5), y: SIZE - 8, "text-anchor": "middle" }, "x₁"),
    svg("text", { x: 12, y: toY(0.5) + 4, "text-anchor": "middle" }, "x₂"),
    svg("text", { x: MARGIN, y: 17 }, svg("tspan", { fill: "var(--blue)" }, "■ "), words.fires));
  INPUTS.forEach(([x, y], i) => picture.append(want[i]
    ? svg("circle", { cx: toX(x), cy: toY(y), r: 8, fill: "var(--blue)" })
    : svg("path", { d: `M${toX(x)} ${toY(y) - 9}l9 16h-18z`, fill: "var(--orange)" })));
  return picture;
}

function truthTable(sum, outputs, gate, words) {
  const cell = (text, kind = "") => html("td", { class: kind }, String(text));
  const rows = INPUTS.map(([x, y], i) => {
    const right = outputs[i] === GATES[gate][i];
    return html("tr", {}, cell(x), cell(y), cell(sum(x, y).toFixed(2)), cell(outputs[i]), cell(GATES[gate][i]),
      cell(right ? "✓" : "✗", right ? "right" : "wrong"));
  });
  const heads = ["x₁", "x₂", words.sum, "y", gate, ""].map((text) => html("th", { scope: "col" }, text));
  return html("table", {}, html("thead", {}, html("tr", {}, ...heads)), html("tbody", {}, ...rows));
}

function build(model, el) {
  const words = wordsOf(model, WORDS);
  const plane = html("div", { class: "column", style: "max-width: 320px" });
  const table = html("div", {}), verdict = html("p", { role: "status" });
  const save = throttled(() => model.save_changes());
  const set = (name, value) => { model.set(name, value); save(); };
  const labels = { w1: "w₁", w2: "w₂", b: words.bias };
  const sliders = {};
  for (const name of ["w1", "w2", "b"]) {
    sliders[name] = slider({ label: labels[name], min: -2, max: 2, step: 0.05, value: model.get(name), change: (value) => set(name, value) });
  }
  const gates = Object.keys(GATES).map((gate) => button(gate, () => set("gate", gate)));

  function redraw() {
    const [w1, w2, b, gate] = ["w1", "w2", "b", "gate"].map((name) => model.get(name));
    // as NumPy adds: the products first, then the bias
    const sum = (x, y) => (w1 * x + w2 * y) + b;
    const outputs = INPUTS.map(([x, y]) => (sum(x, y) > 0 ? 1 : 0));
    const wrong = outputs.filter((y, i) => y !== GATES[gate][i]).length;
    plane.replaceChildren(drawPlane(sum, GATES[gate], words));
    table.replaceChildren(truthTable(sum, outputs, gate, words));
    verdict.textContent = wrong ? (gate === "XOR" ? words.never : words.todo)(wrong) : words.done(gate);
    gates.forEach((one) => one.setAttribute("aria-pressed", one.textContent === gate));
    for (const name in sliders) sliders[name].write(model.get(name));
  }

  const controls = html("div", { class: "column" }, html("div", { class: "buttons" }, html("span", {}, words.gate), ...gates),
    ...Object.values(sliders).map((one) => one.element), table, verdict);
  frame(model, el, html("div", { class: "row" }, plane, controls));
  model.on("change:w1 change:w2 change:b change:gate", redraw);
  redraw();
}

export default widget(build);
