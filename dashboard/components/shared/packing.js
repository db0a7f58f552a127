// @ts-check
// Reads the layout that packing.py writes: uint32 header length, JSON header, arrays at multiples of 8.

const ARRAY_TYPES = {
  uint8: Uint8Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** @typedef {Uint8Array | Int32Array | Float32Array | Float64Array} Values */
/** @typedef {{shape: number[], values: Values}} Part an array of one dtype, in C order */
/** @typedef {{header: any, arrays: Record<string, Part>}} Blob */

/**
 * @param {Uint8Array} data
 * @returns {Blob}
 */
export function unpack(data) {
  // The bytes arrive at an arbitrary offset of a larger buffer; typed arrays need an aligned one.
  const buffer = data.slice().buffer;
  const end = 4 + new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, end - 4)));
  /** @type {Record<string, Part>} */
  const arrays = {};
  for (const [name, part] of Object.entries(header.arrays)) {
    const count = part.shape.reduce((product, size) => product * size, 1);
    const values = new ARRAY_TYPES[part.dtype](buffer, end + part.offset, count);
    arrays[name] = { shape: part.shape, values };
  }
  return { header, arrays };
}
