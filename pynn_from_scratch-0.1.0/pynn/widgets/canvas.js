// A pad to draw a digit on; Python answers with what load_image, the layers and the softmax make of it.

const WORDS = {
  en: { draw: "Draw a digit here", clear: "Clear", image: "pynn.load_image", cropped: "cropped", scaled: "scaled", centred: "centred",
    layers: "output of each layer", first: (n) => `the first ${n}`, probabilities: "probabilities", read: (digit, p) => `I read ${digit} (${p} %).`,
    nothing: "Draw with the mouse or a finger." },
  zh: { draw: "在这里写一个数字", clear: "清除", image: "pynn.load_image", cropped: "裁剪", scaled: "缩放", centred: "居中",
    layers: "各层的输出", first: (n) => `前 ${n} 个`, probabilities: "概率", read: (digit, p) => `读作 ${digit}（${p} %）。`,
    nothing: "用鼠标或手指书写。" },
};
const PAD = 280, SIDE = 112, PEN = 20;      // pixels of the pad, of what is sent, and of the pen

// The grey levels of the pad, a byte a pixel.
function pixelsOf(pad) {
  const small = html("canvas", { width: SIDE, height: SIDE }).getContext("2d", { willReadFrequently: true });
  small.imageSmoothingQuality = "high";
  small.drawImage(pad, 0, 0, SIDE, SIDE);
  const rgba = small.getImageData(0, 0, SIDE, SIDE).data;
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => rgba[4 * i]);
}

// What one draws becomes strokes on the pad; changed() is called after each move.
function drawing(pad, changed) {
  const pen = pad.getContext("2d");
  let last = null;
  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) * PAD / box.width, (event.clientY - box.top) * PAD / box.height];
  };
  const line = (to) => {
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...to);
    pen.stroke();
    last = to;
    changed();
  };
  const clear = () => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, PAD, PAD);
    Object.assign(pen, { lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: "#000" });
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    last = place(event);
    line(last);
  });
  pad.addEventListener("pointermove", (event) => { if (last) line(place(event)); });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { last = null; });
  return clear;
}

// What Python holds already, for example when the widget is shown a second time.
function restore(pad, view) {
  const levels = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (levels.length !== SIDE * SIDE) return;
  const small = html("canvas");
  paint(small, levels, SIDE, SIDE, (level) => [level, level, level, 1]);
  pad.getContext("2d").drawImage(small, 0, 0, PAD, PAD);
}

function picture(name, image) {
  const canvas = html("canvas", { "aria-label": name });
  paint(canvas, floats(image.values), ...image.shape, ink);
  return html("figure", { class: "paper" }, canvas, html("figcaption", {}, `${name} ${image.shape.join("×")}`));
}

function layerPicture(layer, words) {
  const values = floats(layer.values), shape = layer.shape;
  const color = twoSided(values.reduce((top, value) => Math.max(top, Math.abs(value)), 1e-9));
  const left = layer.of[0] > shape[0] ? `, ${words.first(shape[0])}` : "";
  const caption = html("figcaption", {}, `${layer.name}: ${layer.of.join("×")}${left}`);
  if (shape.length === 3) {
    const each = shape[1] * shape[2];
    const maps = Array.from({ length: shape[0] }, (_, i) => {
      const canvas = html("canvas");
      paint(canvas, values.subarray(i * each, (i + 1) * each), shape[1], shape[2], color);
      return canvas;
    });
    return html("figure", { class: "layer" }, caption, html("div", { class: "maps" }, ...maps));
  }
  const columns = Math.min(values.length, 100), rows = Math.ceil(values.length / columns);
  const canvas = html("canvas", { class: "strip", style: `height: ${Math.max(14, 5 * rows)}px` });
  paint(canvas, values, rows, columns, color);
  return html("figure", { class: "layer" }, caption, canvas);
}

function bars(probabilities) {
  const best = probabilities.indexOf(Math.max(...probabilities));
  return html("div", { class: "bars" }, ...Array.from(probabilities).flatMap((p, digit) => {
    const kind = digit === best ? "best" : "";
    return [html("span", { class: kind }, String(digit)),
      html("div", { class: "track" }, html("div", { class: `bar ${kind}`, style: `width: ${100 * p}%` })),
      html("span", { class: kind }, `${(100 * p).toFixed(0)} %`)];
  }));
}

function build(model, el) {
  const words = wordsOf(model, WORDS);
  const pad = html("canvas", { class: "pad", width: PAD, height: PAD, role: "img", "aria-label": words.draw });
  const verdict = html("p", { role: "status" });
  const images = html("div", { class: "buttons" }), layers = html("div", { class: "column" }), chances = html("div", {});
  const send = throttled(() => {
    // slice: of an array that is a view of a larger buffer, all of the buffer would travel
    model.set("pixels", pixelsOf(pad).slice());
    model.save_changes();
  });
  const clear = drawing(pad, send);

  function redraw() {
    const { images: steps = [], layers: outputs = [], probabilities } = model.get("answer");
    const chance = probabilities ? floats(probabilities) : new Float32Array(10);
    const best = Math.max(...chance);
    images.replaceChildren(...steps.map((step) => picture(words[step.name], step)));
    layers.replaceChildren(...outputs.map((layer) => layerPicture(layer, words)));
    chances.replaceChildren(bars(chance));
    verdict.textContent = probabilities ? words.read(chance.indexOf(best), (100 * best).toFixed(0)) : words.nothing;
  }

  clear();
  restore(pad, model.get("pixels"));
  frame(model, el, html("div", { class: "row" },
    html("div", { class: "column fixed" }, html("h4", {}, words.draw), pad,
      html("div", { class: "buttons" }, button(words.clear, () => { clear(); send(); }), verdict)),
    html("div", { class: "column" }, html("h4", {}, words.image), images, html("h4", {}, words.layers), layers),
    html("div", { class: "column", style: "flex-basis: 200px; max-width: 300px" }, html("h4", {}, words.probabilities), chances)));
  model.on("change:answer", redraw);
  redraw();
}

export default widget(build);
