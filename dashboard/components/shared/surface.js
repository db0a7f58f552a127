// @ts-check
// What every canvas component shares: its frame in the page, the theme's colours, and when to draw again.

import { createElement, createIconButton } from "./controls.js";

/** The frame of a picture: title, canvas, caption and download button, made once for a mounted component. */
export function createSurface(parent) {
  const figure = createElement("figure", "surface", parent);
  const title = createElement("div", "title", figure);
  const stage = createElement("div", "stage", figure);
  const canvas = createElement("canvas", "picture", stage);
  canvas.setAttribute("role", "img");
  const caption = createElement("figcaption", "caption", figure);
  const download = createDownloadButton(figure);
  const themeProbe = createElement("span", "theme-probe", figure);
  return { figure, title, stage, canvas, caption, download, themeProbe };
}

/** In the upper right corner of a picture's frame. */
export function createDownloadButton(parent, name = "Download PNG") {
  return createIconButton(parent, "download", name, () => {}, "download");
}

export function labelSurface(surface, header) {
  surface.title.textContent = header.title;
  surface.title.hidden = !header.title;
  surface.caption.textContent = header.caption;
  surface.caption.hidden = !header.caption;
  surface.canvas.setAttribute("aria-label", header.description);
}

/** Colours and font of the page's theme, as the component inherits them. */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const value = (name, fallback) => style.getPropertyValue(`--st-${name}`).trim() || fallback;
  return {
    scheme: style.colorScheme.includes("dark") ? "dark" : "light",
    text: value("text-color", "#222222"),
    background: value("background-color", "#ffffff"),
    panel: value("secondary-background-color", "#f4f4f4"),
    border: value("border-color", "#dddddd"),
    font: value("font", "sans-serif"),
    colors: splitColors(value("chart-categorical-colors", "#0072b2")),
  };
}

/** Colours of a comma-separated list, whose entries may be rgb(...) with commas of their own. */
function splitColors(list) {
  return list.split(/,(?![^(]*\))/).map((color) => color.trim());
}

/** Gives a canvas its size in CSS pixels, sharp on any screen; returns a context that draws in CSS pixels. */
export function sizeCanvas(canvas, width, height, ratio = window.devicePixelRatio || 1) {
  const deviceWidth = Math.round(width * ratio);
  const deviceHeight = Math.round(height * ratio);
  // Assigning a size clears the canvas, so it is done only where the size is new.
  if (canvas.width !== deviceWidth) canvas.width = deviceWidth;
  if (canvas.height !== deviceHeight) canvas.height = deviceHeight;
  if (canvas.style) {
    canvas.style.width = `${deviceWidth / ratio}px`;
    canvas.style.height = `${deviceHeight / ratio}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Calls redraw when the width, the theme or the screen's resolution changes; returns what ends that. */
export function redrawOnChange(surface, redraw) {
  let width = surface.figure.clientWidth;
  const sizes = new ResizeObserver(() => {
    if (surface.figure.clientWidth === width) return;
    width = surface.figure.clientWidth;
    redraw();
  });
  sizes.observe(surface.figure);
  // A theme has no event of its own; the probe's colours follow it by a short transition, which has one.
  surface.themeProbe.addEventListener("transitionend", redraw);
  const resolution = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
  resolution.addEventListener("change", redraw);
  return () => {
    sizes.disconnect();
    resolution.removeEventListener("change", redraw);
  };
}

/** "blend.png" becomes "blend_epoch_12.png"; as it is where no epoch is known. */
export function nameWithEpoch(fileName, epoch) {
  return (epoch ?? null) === null ? fileName : fileName.replace(/(\.\w+)?$/, `_epoch_${epoch}$1`);
}

/** Hands a canvas to the person as a PNG file. */
export function savePicture(canvas, fileName) {
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = fileName;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }, "image/png");
}
