// @ts-check
// A gallery of small images of which some are picked; a number tells the order.

import { createButton, createElement } from "../shared/controls.js";
import { imageCanvas, paintImage, setImageSize } from "../shared/image_canvas.js";
import { mount } from "../shared/mount.js";
import { createReportedValues } from "../shared/reported_values.js";

const PICKER_SCALE = { least: 32, widest: 4 };
const PICKER_HINT = "Arrow keys move, Enter or Space selects and deselects.";

export default (component) => mount(component, createPicker);

function createPicker(parentElement) {
  const element = createElement("div", "picker", parentElement);
  const list = createElement("div", "picker-images", element);
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-multiselectable", "true");
  list.setAttribute("aria-label", `Images to select from. ${PICKER_HINT}`);
  const bar = createElement("div", "picker-bar", element);
  const count = createElement("output", "picker-count", bar);
  const clear = createButton(bar, "Clear selection", () => changePicked(picker, []));
  const picker = { element, list, count, clear, component: null, header: null, picked: [], items: [], at: 0, key: "" };
  picker.values = createReportedValues();
  list.addEventListener("click", (event) => {
    const at = picker.items.findIndex(({ item }) => item.contains(event.target));
    if (at < 0) return;
    moveFocus(picker, at);
    togglePick(picker, at);
  });
  list.addEventListener("keydown", (event) => obeyPickerKey(picker, event));
  return Object.assign(picker, { receive: (blob) => receivePicker(picker, blob), dispose: () => element.remove() });
}

function receivePicker(picker, { header, arrays }) {
  picker.header = header;
  if (picker.values.isNews(header.picked)) picker.picked = header.picked;
  picker.picked = picker.picked.filter((index) => header.indices.includes(index)).slice(0, header.limit);
  buildImages(picker, arrays.images);
  showPicked(picker);
}

/** Makes an option for each image; the options stay where their number does. */
function buildImages(picker, { shape, values }) {
  const { header, list } = picker;
  const [count, ...imageShape] = shape;
  const key = JSON.stringify(shape);
  if (key !== picker.key) {
    picker.key = key;
    picker.at = 0;
    list.replaceChildren();
    picker.items = Array.from({ length: count }, () => buildOption(list, imageShape));
  }
  const pixels = values.length / Math.max(1, count);
  picker.items.forEach(({ canvas }, at) => {
    const image = values.subarray(at * pixels, (at + 1) * pixels);
    paintImage(canvas, image, { imageShape, invert: header.invert }, 255);
  });
}

function buildOption(list, imageShape) {
  const item = createElement("div", "picker-image", list);
  item.setAttribute("role", "option");
  const canvas = imageCanvas(item, "pixels", imageShape);
  canvas.setAttribute("aria-hidden", "true");
  const [height, width] = imageShape;
  const scale = Math.min(PICKER_SCALE.widest, Math.max(1, Math.round(PICKER_SCALE.least / width)));
  setImageSize(canvas, width * scale, height * scale);
  return { item, canvas, order: createElement("span", "picker-order", item) };
}

function showPicked(picker) {
  const { header, picked, items, count, clear } = picker;
  items.forEach(({ item, order }, at) => {
    const index = header.indices[at];
    const place = picked.indexOf(index);
    const name = `${header.class_names[header.labels[at]]}, image ${index}`;
    item.tabIndex = at === picker.at ? 0 : -1;
    item.setAttribute("aria-selected", String(place >= 0));
    item.setAttribute("aria-label", place < 0 ? name : `${name}, pick ${place + 1}`);
    item.title = item.getAttribute("aria-label");
    order.textContent = place < 0 ? "" : place + 1;
  });
  const isFull = picked.length >= header.limit && header.limit > 1;
  const hint = isFull ? ": deselect one to choose another" : "";
  count.textContent = `${picked.length} of at most ${header.limit} selected${hint}`;
  clear.disabled = !picked.length;
}

function togglePick(picker, at) {
  const { header, picked } = picker;
  const index = header.indices[at];
  if (picked.includes(index)) changePicked(picker, picked.filter((other) => other !== index));
  else if (header.limit === 1) changePicked(picker, [index]);
  else if (picked.length < header.limit) changePicked(picker, [...picked, index]);
  else flashCount(picker);
}

/** There is no room for another pick. */
function flashCount({ count }) {
  count.classList.remove("full");
  requestAnimationFrame(() => count.classList.add("full"));
}

function changePicked(picker, picked) {
  picker.picked = picked;
  showPicked(picker);
  picker.values.add(picked);
  picker.component.setStateValue("picked", picked);
}

function obeyPickerKey(picker, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !picker.items.length) return;
  if (event.key === "Enter" || event.key === " ") {
    if (!event.repeat) togglePick(picker, picker.at);
  } else {
    const at = placeAfterKey(picker, event.key);
    if (at === null) return;
    moveFocus(picker, at);
  }
  event.preventDefault();
  event.stopPropagation();
}

/** Where a key leads from the image that has the focus; null for other keys. */
function placeAfterKey({ items, at }, key) {
  const last = items.length - 1;
  const inside = (place) => Math.min(last, Math.max(0, place));
  if (key === "Home" || key === "End") return key === "Home" ? 0 : last;
  if (key === "ArrowLeft" || key === "ArrowRight") return inside(at + (key === "ArrowLeft" ? -1 : 1));
  if (key !== "ArrowUp" && key !== "ArrowDown") return null;
  const top = items[0].item.offsetTop;
  const below = items.findIndex(({ item }) => item.offsetTop > top);
  const columns = below < 0 ? items.length : below;
  const place = at + (key === "ArrowUp" ? -columns : columns);
  return place < 0 || place > last ? at : place;
}

function moveFocus(picker, at) {
  picker.items[picker.at].item.tabIndex = -1;
  picker.at = at;
  const { item } = picker.items[at];
  item.tabIndex = 0;
  item.focus();
}
