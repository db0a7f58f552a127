// The points of a torn manifold and the curves that they lie about, before any model has seen them.

const TORN_GROUND_WIDTH = 480;
const TORN_GROUND_LAYERS = { data: true, truth: true };

export default function (component) {
  const { parentElement, data } = component;
  const view = (parentElement.tornGround ??= createTornGround(parentElement));
  view.show(unpack(data));
  return view.dispose;
}

function createTornGround(parentElement) {
  const surface = createSurface(parentElement);
  let shown = null;
  const redraw = () => {
    const width = Math.min(surface.figure.clientWidth, TORN_GROUND_WIDTH);
    if (shown && width >= 120) paintTornGroundOn(surface.canvas, shown, width, readTheme(surface.figure));
  };
  surface.download.addEventListener("click", () => savePicture(exportTornGround(surface, shown), "torn_manifold.png"));
  const stop = redrawOnChange(surface, redraw);
  return {
    show(received) {
      shown = received;
      labelSurface(surface, shown.header);
      redraw();
    },
    dispose() {
      stop();
      surface.figure.remove();
      delete parentElement.tornGround;
    },
  };
}

function paintTornGroundOn(canvas, { header, arrays }, width, theme, ratio) {
  const frame = tornFrame(header.extent, width);
  const context = sizeCanvas(canvas, frame.width, frame.height, ratio);
  if (ratio) {
    context.fillStyle = theme.background;
    context.fillRect(0, 0, frame.width, frame.height);
  }
  const pieces = header.class_names.map((_, label) => arrays[`piece_${label}`].values);
  const ground = { points: arrays.points.values, labels: arrays.labels.values, pieces };
  paintTornGround(context, frame, ground, TORN_GROUND_LAYERS, theme);
}

function exportTornGround(surface, shown) {
  const canvas = document.createElement("canvas");
  paintTornGroundOn(canvas, shown, TORN_GROUND_WIDTH, readTheme(surface.figure), 2);
  return canvas;
}
