// @ts-check
// Points of a latent plane, coloured by label, over the rings of the prior.

import { paintPlaneForExport, paintPlaneOnScreen } from "./painter.js";
import { createPointLayer } from "./point_stamps.js";
import { createScatterSurface, fillLegend, listenToPointer, showTooltip } from "./scatter.js";
import { mount } from "../shared/mount.js";
import { labelSurface, redrawOnChange, savePicture } from "../shared/surface.js";

export default (component) => mount(component, createScatter);

function createScatter(parentElement) {
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
    receive({ header, arrays }) {
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
    },
  };
}
