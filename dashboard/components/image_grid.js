// A grid of image tiles, drawn without smoothing.

export default function (component) {
  const { parentElement, data } = component;
  const view = (parentElement.imageGrid ??= createView(parentElement));
  view.show(unpack(data));
  return view.dispose;
}

function createView(parentElement) {
  const surface = createSurface(parentElement);
  const painter = createGridPainter(surface);
  surface.download.addEventListener("click", () => {
    const { canvas, fileName } = painter.exportPicture();
    savePicture(canvas, fileName);
  });
  const stop = redrawOnChange(surface, painter.redraw);
  return {
    show({ header, arrays }) {
      labelSurface(surface, header);
      painter.show(header, arrays.tiles);
    },
    dispose() {
      stop();
      surface.figure.remove();
      delete parentElement.imageGrid;
    },
  };
}
