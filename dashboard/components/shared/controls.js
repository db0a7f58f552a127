// @ts-check
// Elements that a person presses, and the pictures on them.

const ICONS = {
  first: '<path d="M6 5v14M19 5 9 12l10 7z" fill="currentColor"/>',
  back: '<path d="M16 5 7 12l9 7z" fill="currentColor"/>',
  play: '<path d="M7 4v16l13-8z" fill="currentColor"/>',
  pause: '<path d="M8 5v14M16 5v14" stroke-width="4"/>',
  forward: '<path d="M8 5l9 7-9 7z" fill="currentColor"/>',
  last: '<path d="M18 5v14M5 5l10 7-10 7z" fill="currentColor"/>',
  download: '<path d="M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M5 20h14"/>',
  close: '<path d="m6 6 12 12M18 6 6 18"/>',
  reset: '<path d="M4 4v6h6M4.5 10a8 8 0 1 1-.5 4"/>',
  undo: '<path d="M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3"/>',
  clear: '<path d="M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3"/>',
};

/** @typedef {keyof typeof ICONS} Icon */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {ParentNode} parent
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function createElement(tag, className, parent, text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  parent.append(element);
  return element;
}

/**
 * A button with text on it. With a class of its own it looks as that says, otherwise as all do.
 * @param {ParentNode} parent
 * @param {string} text
 * @param {(event: MouseEvent) => void} press
 */
export function createButton(parent, text, press, className = "button") {
  const button = createElement("button", className, parent, text);
  button.type = "button";
  button.addEventListener("click", press);
  return button;
}

/**
 * A square button with a picture on it and a name that is told.
 * @param {ParentNode} parent
 * @param {Icon} icon
 * @param {string} name
 * @param {(event: MouseEvent) => void} press
 */
export function createIconButton(parent, icon, name, press, className = "") {
  const button = createButton(parent, "", press, `button icon ${className}`.trim());
  setIcon(button, icon, name);
  return button;
}

/**
 * @param {HTMLButtonElement} button
 * @param {Icon} icon
 * @param {string} name
 */
export function setIcon(button, icon, name) {
  if (button.title === name) return;
  nameControl(button, name);
  button.innerHTML =
    '<svg viewBox="0 0 24 24" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor"' +
    ` stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${ICONS[icon]}</svg>`;
}

/**
 * A slider with a name; `options` are properties of the input, such as min, max and step.
 * @param {ParentNode} parent
 * @param {string} className
 * @param {string} name
 * @param {Record<string, unknown>} options
 */
export function createSlider(parent, className, name, options) {
  const slider = createElement("input", `range ${className}`, parent);
  Object.assign(slider, { type: "range", ...options });
  nameControl(slider, name);
  return slider;
}

/**
 * A name for those who point at a control and for those who hear what it is.
 * @param {HTMLElement} control
 * @param {string} name
 */
export function nameControl(control, name) {
  control.title = name;
  control.setAttribute("aria-label", name);
}
