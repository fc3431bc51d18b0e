// QR codes (ISO/IEC 18004) of tokens. Each has 53 bytes, which is what version 3 holds with error correction L.

import { svg } from "./ui.js";

const SIZE = 29; // modules of a side
const QUIET = 4; // modules around it
const BYTES = 53;
const CHECKS = 15; // bytes of error correction
const FORMAT = 0x77c4; // that it is L, with mask 0: tokens are random, so no mask makes them easier to read

/** Multiply in the field of 256 elements. @param {number} a @param {number} b */
function times(a, b) {
  let product = 0;
  for (; b; b >>= 1) {
    if (b & 1) product ^= a;
    a = (a << 1) ^ (a > 127 ? 0x11d : 0);
  }
  return product;
}

/** Give the bytes of error correction: what is left when the data is divided. @param {number[]} data */
function checks(data) {
  let divisor = [1];
  for (let n = 0, root = 1; n < CHECKS; n += 1, root = times(root, 2)) {
    divisor = [...divisor, 0].map((one, at) => one ^ times(divisor[at - 1] ?? 0, root));
  }
  const rest = [...data, ...Array(CHECKS).fill(0)];
  for (const at of data.keys()) {
    const factor = rest[at];
    divisor.forEach((one, n) => (rest[at + n] ^= times(one, factor)));
  }
  return rest.slice(data.length);
}

/** Tell whether a module is dark in every code; undefined where data is. @param {number} x @param {number} y */
function pattern(x, y) {
  const distance = (fromX = 3, fromY = 3) => Math.max(Math.abs(x - fromX), Math.abs(y - fromY));
  const corner = Math.min(distance(), distance(SIZE - 4), distance(3, SIZE - 4));
  if (corner <= 4) return corner !== 2 && corner !== 4;
  const alignment = distance(SIZE - 7, SIZE - 7);
  if (alignment <= 2) return alignment !== 1;
  if (x === 6 || y === 6) return (x + y) % 2 === 0;
  const [along, across] = x === 8 ? [y, x] : [x, y];
  if (across !== 8 || (along > 8 && along < SIZE - 8)) return undefined;
  if (x === 8 && y === SIZE - 8) return true;
  const bit = along >= SIZE - 8 ? SIZE - 1 - along : along > 6 ? 15 - along : 14 - along;
  return ((FORMAT >> (x === 8 ? 14 - bit : bit)) & 1) === 1;
}

/** Give the modules of the code of a token, true for dark. @param {string} token */
export function modules(token) {
  const bytes = [...new TextEncoder().encode(token)];
  if (bytes.length !== BYTES) throw new RangeError(`This is no token: it has not ${BYTES} bytes.`);
  // Half a byte says that bytes follow, a byte how many, and half a byte that this is all.
  const hex = [BYTES, ...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const data = (`4${hex}0`.match(/../g) ?? []).map((byte) => parseInt(byte, 16));
  const bits = [...data, ...checks(data)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const grid = Array.from({ length: SIZE }, (_, y) => Array.from({ length: SIZE }, (_, x) => pattern(x, y)));
  // Data goes up and down again, in columns of two, beginning on the right; it leaves out what is at 6.
  let at = 0;
  for (const [turn, right] of [28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 5, 3, 1].entries()) {
    for (let step = 0; step < SIZE; step += 1) {
      const y = turn % 2 ? step : SIZE - 1 - step;
      for (const x of [right, right - 1]) grid[y][x] ??= (bits[at++] === "1") !== ((x + y) % 2 === 0);
    }
  }
  return grid;
}

/** Draw the QR code of a token, dark on light in every theme. @param {string} token @param {string} label */
export function qrCode(token, label) {
  const path = modules(token).flatMap((row, y) =>
    row.map((dark, x) => dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : "")).join("");
  const side = SIZE + 2 * QUIET;
  return svg("svg", { viewBox: `0 0 ${side} ${side}`, class: "qr", role: "img", "aria-label": label,
    "shape-rendering": "crispEdges" }, svg("path", { d: path }));
}
