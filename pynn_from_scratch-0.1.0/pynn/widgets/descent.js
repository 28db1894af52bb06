// The valley f(x, y) = x²/20 + y², and the paths that Python's optimizers take down it.

const WORDS = {
  en: { rate: "learning rate", steps: "steps", valley: "paths in the valley f(x, y) = x²/20 + y²", loss: "f after each step", step: "step",
    away: (name) => `${name} leaves the valley: the learning rate is too large.`, at: (name, f) => `${name}: f = ${f} in the end.` },
  zh: { rate: "学习率", steps: "步数", valley: "山谷 f(x, y) = x²/20 + y² 中的路径", loss: "每一步之后的 f", step: "步",
    away: (name) => `${name} 冲出了山谷：学习率太大了。`, at: (name, f) => `${name}：最后 f = ${f}。` },
};
const COLORS = { SGD: "var(--blue)", Momentum: "var(--green)", AdaGrad: "var(--purple)", Adam: "var(--orange)" };
const LEVELS = [0.1, 0.5, 1, 2, 4, 8];
const WIDTH = 400, HEIGHT = 250, XMAX = 8, YMAX = 3;

const valley = (x, y) => x * x / 20 + y * y;
const toX = (x) => WIDTH / 2 * (1 + x / XMAX);
const toY = (y) => HEIGHT / 2 * (1 - y / YMAX);
const near = (value) => Math.max(-1e4, Math.min(1e4, value));       // SVG draws no larger numbers

// The points of each optimizer, {SGD: [[x, y], ...], ...}, as far as they are finite.
function pathsOf(answer) {
  const numbers = floats(answer.paths), each = numbers.length / answer.names.length;
  return Object.fromEntries(answer.names.map((name, i) => {
    const own = numbers.subarray(i * each, (i + 1) * each);
    const points = Array.from({ length: each / 2 }, (_, k) => [own[2 * k], own[2 * k + 1]]);
    const end = points.findIndex((point) => !point.every(Number.isFinite));
    return [name, end < 0 ? points : points.slice(0, end)];
  }));
}

function drawValley(paths, chosen, words) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words.valley });
  for (const level of LEVELS) {
    picture.append(svg("ellipse", { cx: toX(0), cy: toY(0), rx: toX(Math.sqrt(20 * level)) - toX(0), ry: toY(0) - toY(Math.sqrt(level)), class: "contour" }));
  }
  picture.append(svg("path", { d: `M${toX(0) - 5} ${toY(0)}h10m-5 -5v10`, stroke: "var(--ink)" }));
  const names = Object.keys(paths).filter((name) => name !== chosen).concat(chosen);      // the chosen one on top
  for (const name of names) {
    const strong = name === chosen, places = paths[name].map(([x, y]) => [near(toX(x)), near(toY(y))]);
    picture.append(svg("polyline", { points: places.map((place) => place.join()).join(" "), fill: "none", stroke: COLORS[name],
      "stroke-width": strong ? 2 : 1.2, opacity: strong ? 1 : 0.4 }));
    for (const [x, y] of strong ? places : []) picture.append(svg("circle", { cx: x, cy: y, r: 3, fill: COLORS[name] }));
  }
  return picture;
}

function build(model, el) {
  const words = wordsOf(model, WORDS);
  const plane = html("div", { class: "column" }), curve = html("div", { class: "column", style: "max-width: 340px" });
  const verdict = html("p", { role: "status" });
  const save = throttled(() => model.save_changes());
  const rate = slider({ label: words.rate, min: -3, max: 0.7, step: 0.01, value: 1, log: true, change: (value) => {
    model.set("rates", { ...model.get("rates"), [model.get("optimizer")]: value });
    save();
  } });
  const steps = slider({ label: words.steps, min: 1, max: 100, step: 1, value: model.get("steps"), digits: 0, change: (value) => {
    model.set("steps", value);
    save();
  } });
  const names = Object.keys(COLORS).map((name) => button(name, () => { model.set("optimizer", name); save(); }));
  names.forEach((one) => { one.style.borderLeft = `6px solid ${COLORS[one.textContent]}`; });

  function redraw() {
    const chosen = model.get("optimizer"), answer = model.get("answer");
    rate.write(model.get("rates")[chosen]);
    steps.write(model.get("steps"));
    names.forEach((one) => one.setAttribute("aria-pressed", one.textContent === chosen));
    if (!answer.paths) return;
    const paths = pathsOf(answer), heights = paths[chosen].map(([x, y]) => valley(x, y)), last = heights.at(-1);
    plane.replaceChildren(drawValley(paths, chosen, words));
    const shown = heights.map((height) => Math.min(height, 20));
    curve.replaceChildren(chart({ title: words.loss, xlabel: words.step, xmax: model.get("steps"),
      series: [{ values: shown, color: COLORS[chosen], at: (i) => i }] }));
    verdict.textContent = last > 20 || heights.length <= model.get("steps") ? words.away(chosen) : words.at(chosen, rounded(last));
  }

  frame(model, el, html("div", { class: "buttons" }, ...names),
    html("div", { class: "row", style: "margin-top: 8px" },
      html("div", { class: "column" }, html("h4", {}, words.valley), plane, rate.element, steps.element, verdict), curve));
  model.on("change:answer change:optimizer change:rates change:steps", redraw);
  redraw();
}

export default widget(build);
