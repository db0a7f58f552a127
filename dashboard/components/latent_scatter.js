// Points of a latent plane, coloured by label, over the rings of the prior.

export default function (component) {
  const { parentElement, data } = component;
  const view = (parentElement.latentScatter ??= createView(parentElement));
  view.show(unpack(data));
  return view.dispose;
}

function createView(parentElement) {
  const surface = createScatterSurface(parentElement);
  const view = { surface, points: null, chosen: null, marked: null, layer: createPointLayer() };
  const draw = () => paintPlaneOnScreen(view);
  listenToPointer(view, (index) => {
    if (index !== view.marked) {
      view.marked = index;
      draw();
    }
    if (index !== null) showTooltip(view, index);
    surface.tooltip.box.hidden = index === null;
  });
  surface.download.addEventListener("click", () => {
    savePicture(paintPlaneForExport(view), view.points.header.file_name);
  });
  const stop = redrawOnChange(surface, () => {
    fillLegend(view, draw);
    draw();
  });
  return {
    show({ header, arrays }) {
      view.points = {
        header,
        x: arrays.x.values,
        y: arrays.y.values,
        labels: arrays.labels.values,
        indices: arrays.indices.values,
      };
      labelSurface(surface, header);
      fillLegend(view, draw);
      draw();
    },
    dispose() {
      stop();
      surface.figure.remove();
      delete parentElement.latentScatter;
    },
  };
}
