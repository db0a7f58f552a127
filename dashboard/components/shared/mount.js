// @ts-check
// Where a module of ours meets Streamlit.

import { unpack } from "./packing.js";

/**
 * What Streamlit gives a component's module.
 * @typedef {object} Component
 * @property {HTMLElement & {view?: View}} parentElement
 * @property {Uint8Array} data what `pack` of packing.py made
 * @property {(name: string, value: unknown) => void} setStateValue
 */

/**
 * What stays of a component while its data change.
 * @typedef {object} View
 * @property {Component} [component] as it was given last
 * @property {(blob: import("./packing.js").Blob) => void} receive takes over what is new
 * @property {() => void} dispose
 */

/**
 * Makes a view at first, and hands it data that are new: Streamlit calls a module again, on the same elements, for
 * whatever changes. Returns what takes the component away.
 * @param {Component} component
 * @param {(parentElement: HTMLElement) => View} createView
 */
export function mount(component, createView) {
  const { parentElement, data } = component;
  const view = (parentElement.view ??= createView(parentElement));
  const isNews = data && data !== view.component?.data;
  view.component = component;
  if (isNews) view.receive(unpack(data));
  return whenGone(parentElement, () => {
    view.dispose();
    delete parentElement.view;
  });
}

/**
 * What Streamlit calls to take a component away. It calls that of each call which newer data have overtaken, too
 * (Streamlit 1.67); then the component is still on the page, and stays.
 * @param {HTMLElement} parentElement
 * @param {() => void} dispose
 */
export function whenGone(parentElement, dispose) {
  return () => {
    if (!parentElement.isConnected) dispose();
  };
}
