// The curves of a Trainer while it trains.

const WORDS = {
  en: { loss: "loss", step: "step", epoch: "epoch", figures: "accuracy", errors: "error", now: (steps, epochs) => `${steps} steps, ${epochs} epochs`,
    waiting: "The training has not begun." },
  zh: { loss: "损失", step: "步", epoch: "轮", figures: "精度", errors: "误差", now: (steps, epochs) => `${steps} 步，${epochs} 轮`,
    waiting: "训练还没有开始。" },
};
const COLORS = { train: "var(--blue)", val: "var(--green)", test: "var(--orange)" };

function build(model, el) {
  const words = wordsOf(model, WORDS);
  const loss = html("div", { class: "column" }), figures = html("div", { class: "column" }), now = html("p", { role: "status" });

  function redraw() {
    const answer = model.get("answer");
    now.textContent = answer.steps ? words.now(answer.steps, answer.epochs.toFixed(1)) : words.waiting;
    if (!answer.steps) return;
    const values = floats(answer.losses);
    loss.replaceChildren(chart({ title: words.loss, xlabel: words.step, xmax: answer.steps, series: [{ values, color: "var(--blue)" }] }));
    const series = Object.entries(answer.figures).map(([name, column]) => {
      const split = name.split("_")[0];
      return { name: split, values: floats(column), color: COLORS[split], dots: true, at: (i) => i + 1 };
    });
    if (!series.length) return;
    const accuracy = Object.keys(answer.figures)[0].endsWith("_acc");
    figures.replaceChildren(chart({ title: accuracy ? words.figures : words.errors, xlabel: words.epoch, series,
      xmax: Math.max(...series.map((line) => line.values.length)), high: accuracy ? 1 : null }));
  }

  frame(model, el, now, html("div", { class: "row" }, loss, figures));
  model.on("change:answer", redraw);
  redraw();
}

export default widget(build);
