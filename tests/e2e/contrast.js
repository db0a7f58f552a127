// All text of the page, in components too, that stands out from its background by less than 4.5 to 1 (WCAG 2 AA).
// What cannot be pressed now is exempt. Backgrounds are colours; text on pictures is not looked at.
() => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = paint.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (front, back, opacity = 1) => {
    const alpha = front[3] * opacity;
    return [0, 1, 2].map((channel) => front[channel] * alpha + back[channel] * (1 - alpha));
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((value) => value / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const above = (element) => element.assignedSlot ?? element.parentElement ?? element.getRootNode().host ?? null;
  const ancestors = (element) => (element ? [element, ...ancestors(above(element))] : []);
  const backgroundOf = (element) =>
    ancestors(element).reverse().reduce((back, each) => over(rgba(getComputedStyle(each).backgroundColor), back), [255, 255, 255]);
  const words = (element) =>
    [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ data }) => data.trim()).join(" ").trim();
  const isSeen = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !element.closest(":disabled, option, style");
  const contrast = (element) => {
    const style = getComputedStyle(element);
    const back = backgroundOf(element);
    const faded = ancestors(element).reduce((product, each) => product * getComputedStyle(each).opacity, 1);
    const isDrawn = element instanceof SVGElement;
    const opacity = faded * (isDrawn ? style.fillOpacity : 1);
    const [darker, lighter] = [luminance(over(rgba(isDrawn ? style.fill : style.color), back, opacity)), luminance(back)].sort((a, b) => a - b);
    return (lighter + 0.05) / (darker + 0.05);
  };
  const within = (root) => [...root.querySelectorAll("*")].flatMap((each) => [each, ...(each.shadowRoot ? within(each.shadowRoot) : [])]);
  return within(document.body)
    .filter((element) => words(element) && isSeen(element) && contrast(element) < 4.5)
    .map((element) => `${contrast(element).toFixed(2)}: ${words(element).slice(0, 60)}`);
}
