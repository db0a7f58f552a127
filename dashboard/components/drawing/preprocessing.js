// @ts-check
// A picture in the form of MNIST's digits, step for step as cvae_core/data/preprocessing.py describes and does it.

const MNIST_FORM = {
  shortestSide: 8,
  longestSide: 4096,
  leastContrast: 0.03,
  leastInkPixels: 4,
  leastInkShare: 0.1,
  boxShare: 20 / 28,
  noiseQuantile: 0.75,
  noiseFactor: 3,
  mostNoise: 0.5,
  slack: 1e-6,
};

/**
 * @param pixels row by row: Uint8Array or Uint8ClampedArray 0 to 255 (a canvas's own), or floats 0 to 1
 * @param channels 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGB and alpha)
 * @param imageShape [height, width, channels] of the images that the network knows
 * @returns {{image: Float32Array|null, problem: string}} image of imageShape, 0 to 1, or what is wrong in a sentence
 */
export function mnistForm(pixels, height, width, channels, imageShape) {
  const { shortestSide, longestSide } = MNIST_FORM;
  if (Math.min(height, width) < shortestSide || Math.max(height, width) > longestSide) {
    const sides = `${shortestSide} to ${longestSide} pixels`;
    return { image: null, problem: `Each side of a picture should have ${sides}; this one has ${height} x ${width}.` };
  }
  const ink = inkOf(greyOf(pixels, height * width, channels), height, width);
  if (ink === null) return { image: null, problem: "There is nothing in the picture: it is all of one colour." };
  const box = inkBox(ink, height, width);
  const longestInk = Math.max(box.height, box.width);
  if (longestInk < Math.max(MNIST_FORM.leastInkPixels, MNIST_FORM.leastInkShare * Math.max(height, width))) {
    const least = `at least a tenth as long as its longer side, and ${MNIST_FORM.leastInkPixels} pixels`;
    return { image: null, problem: `There is too little in the picture: what is drawn should be ${least}.` };
  }
  return { image: centredImage(fittedInk(ink, width, box, imageShape), imageShape), problem: "" };
}

/** Luminance 0 to 1, laid on black or white where the picture is transparent. */
function greyOf(pixels, count, channels) {
  const whole = pixels instanceof Float32Array || pixels instanceof Float64Array ? 1 : 255;
  const grey = new Float64Array(count);
  for (let index = 0, at = 0; index < count; index++, at += channels) {
    grey[index] =
      channels <= 2
        ? pixels[at] / whole
        : 0.299 * (pixels[at] / whole) + 0.587 * (pixels[at + 1] / whole) + 0.114 * (pixels[at + 2] / whole);
  }
  if (channels === 2 || channels === 4) layOnBackground(grey, pixels, channels, whole);
  return grey;
}

function layOnBackground(grey, pixels, channels, whole) {
  let [lightness, covered] = [0, 0];
  for (let index = 0, at = channels - 1; index < grey.length; index++, at += channels) {
    const alpha = pixels[at] / whole;
    lightness += alpha * (grey[index] - 0.5);
    covered += alpha;
  }
  const background = lightness > MNIST_FORM.slack * covered ? 0 : 1;
  for (let index = 0, at = channels - 1; index < grey.length; index++, at += channels) {
    const alpha = pixels[at] / whole;
    grey[index] = alpha * grey[index] + (1 - alpha) * background;
  }
}

/** 0 at the background, 1 at what differs most from it; null if nothing does. Overwrites grey. */
function inkOf(grey, height, width) {
  const border = outermost(grey, height, width).sort();
  const background = border[Math.floor((border.length - 1) / 2)];
  let [lightest, darkest] = [-Infinity, Infinity];
  for (const level of grey) {
    if (level > lightest) lightest = level;
    if (level < darkest) darkest = level;
  }
  const contrast = Math.max(lightest - background, background - darkest);
  if (contrast <= MNIST_FORM.leastContrast) return null;
  const isLight = lightest - background >= background - darkest;
  const unrest = border.map((level) => Math.abs(level - background)).sort();
  const quartile = unrest[Math.ceil(MNIST_FORM.noiseQuantile * unrest.length) - 1];
  const noise = Math.min(MNIST_FORM.noiseFactor * quartile, MNIST_FORM.mostNoise * contrast);
  for (let index = 0; index < grey.length; index++) {
    const ink = isLight ? grey[index] - background : background - grey[index];
    grey[index] = Math.max(ink - noise, 0) / (contrast - noise);
  }
  return grey;
}

/** The pixels along the four edges, each once. */
function outermost(grey, height, width) {
  const border = new Float64Array(2 * (width + height) - 4);
  border.set(grey.subarray(0, width));
  border.set(grey.subarray((height - 1) * width), width);
  let at = 2 * width;
  for (let row = 1; row < height - 1; row++) {
    border[at++] = grey[row * width];
    border[at++] = grey[row * width + width - 1];
  }
  return border;
}

/** The smallest upright rectangle with all ink. */
function inkBox(ink, height, width) {
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let row = 0, index = 0; row < height; row++) {
    for (let column = 0; column < width; column++, index++) {
      if (ink[index] === 0) continue;
      if (top === height) top = row;
      bottom = row;
      if (column < left) left = column;
      if (column > right) right = column;
    }
  }
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/** The rectangle scaled into the box: {values, height, width}. */
function fittedInk(ink, width, box, [imageHeight, imageWidth]) {
  const boxSide = (side) => Math.max(1, Math.floor(MNIST_FORM.boxShare * side + 0.5));
  const scale = Math.min(boxSide(imageHeight) / box.height, boxSide(imageWidth) / box.width);
  const [newHeight, newWidth] = [scaledSize(box.height, scale), scaledSize(box.width, scale)];
  const narrow = new Float64Array(box.height * newWidth);
  for (let row = 0; row < box.height; row++) {
    const begin = (box.top + row) * width + box.left;
    addAverages(ink, begin, 1, box.width, scale, narrow, row * newWidth, 1, newWidth);
  }
  const values = new Float64Array(newHeight * newWidth);
  for (let column = 0; column < newWidth; column++) {
    addAverages(narrow, column, newWidth, box.height, scale, values, column, newWidth, newHeight);
  }
  return { values, height: newHeight, width: newWidth };
}

function scaledSize(size, scale) {
  return Math.max(1, Math.ceil(size * scale - MNIST_FORM.slack));
}

/** Scales one line of `size` numbers, `step` apart, to averages over what each of the new ones covers. */
function addAverages(source, begin, step, size, scale, target, targetBegin, targetStep, newSize) {
  for (let index = 0; index < newSize; index++) {
    const [from, to] = [index / scale, (index + 1) / scale];
    let sum = 0;
    for (let pixel = Math.floor(from); pixel < to && pixel < size; pixel++) {
      const overlap = Math.min(to, pixel + 1) - Math.max(from, pixel);
      sum += overlap * scale * source[begin + pixel * step];
    }
    target[targetBegin + index * targetStep] = sum;
  }
}

/** The image with the centre of mass in its middle, as bright as it can be. */
function centredImage({ values, height, width }, [imageHeight, imageWidth, channels]) {
  let [mass, down, right, brightest] = [0, 0, 0, 0];
  for (let row = 0, index = 0; row < height; row++) {
    for (let column = 0; column < width; column++, index++) {
      mass += values[index];
      down += row * values[index];
      right += column * values[index];
      brightest = Math.max(brightest, values[index]);
    }
  }
  const top = inkOffset(down / mass, height, imageHeight);
  const left = inkOffset(right / mass, width, imageWidth);
  const image = new Float32Array(imageHeight * imageWidth * channels);
  for (let row = 0, index = 0; row < height; row++) {
    for (let column = 0; column < width; column++, index++) {
      const at = ((top + row) * imageWidth + left + column) * channels;
      image.fill(values[index] / brightest, at, at + channels);
    }
  }
  return image;
}

function inkOffset(centre, size, room) {
  const wanted = Math.ceil(Math.floor(room / 2) - 0.5 - centre - MNIST_FORM.slack);
  return Math.min(Math.max(wanted, 0), room - size);
}
