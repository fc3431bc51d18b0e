// @ts-check
// QR codes (ISO/IEC 18004), as small as this page needs them: bytes, error correction L, versions
// 1 to 10, so up to 271 bytes.

import { svg } from "./ui.js";

// By version: bytes of error correction in each block, and how many blocks there are.
const CORRECTION = [[7, 1], [10, 1], [15, 1], [20, 1], [26, 1], [18, 2], [20, 2], [24, 2], [30, 2], [18, 4]];
const QUIET = 4; // modules around it

// Arithmetic in the field of 256 elements.
const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value = value & 128 ? (value << 1) ^ 0x11d : value << 1;
}

/** The bytes of a version in all. @param {number} version */
function capacity(version) {
  const aligned = version > 1 ? Math.floor(version / 7) + 2 : 0;
  const bits = (16 * version + 128) * version + 64
    - (aligned ? (25 * aligned - 10) * aligned - 55 : 0) - (version > 6 ? 36 : 0);
  return bits >> 3;
}

/** What is left when the data is divided. @param {number[]} data @param {number} size @returns {number[]} */
function remainder(data, size) {
  let divisor = [1];
  for (let power = 0; power < size; power += 1) {
    const next = [...divisor, 0];
    divisor.forEach((one, at) => (next[at + 1] ^= one && EXP[LOG[one] + power]));
    divisor = next;
  }
  const rest = [...data, ...Array(size).fill(0)];
  for (let at = 0; at < data.length; at += 1) {
    const factor = rest[at];
    if (factor) divisor.forEach((one, n) => (rest[at + n] ^= EXP[LOG[one] + LOG[factor]]));
  }
  return rest.slice(data.length);
}

/** @param {Uint8Array} text @param {number} version */
function codewords(text, version) {
  const [size, blocks] = CORRECTION[version - 1];
  const room = capacity(version) - size * blocks;
  let bits = "0100" + text.length.toString(2).padStart(version < 10 ? 8 : 16, "0");
  for (const byte of text) bits += byte.toString(2).padStart(8, "0");
  bits = (bits + "0000").slice(0, room * 8);
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  const data = (bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2));
  for (let pad = 0xec; data.length < room; pad ^= 0xec ^ 0x11) data.push(pad);
  const short = Math.floor(room / blocks);
  const parts = [];
  for (let block = 0, at = 0; block < blocks; block += 1) {
    const length = short + (block >= blocks - (room % blocks) ? 1 : 0);
    parts.push(data.slice(at, (at += length)));
  }
  const checks = parts.map((part) => remainder(part, size));
  const woven = [];
  for (let at = 0; at <= short; at += 1) for (const part of parts) if (at < part.length) woven.push(part[at]);
  for (let at = 0; at < size; at += 1) for (const check of checks) woven.push(check[at]);
  return woven;
}

/**
 * Give the modules of the QR code of a text, true for dark.
 * @param {string} text @returns {boolean[][]}
 */
export function modules(text) {
  const bytes = new TextEncoder().encode(text);
  const version = CORRECTION.findIndex(([size, blocks], at) =>
    bytes.length <= capacity(at + 1) - size * blocks - (at < 9 ? 2 : 3)) + 1;
  if (!version) throw new RangeError("This is too long for a QR code.");
  const size = 17 + 4 * version;
  /** @type {(boolean | null)[][]} */
  const fixed = Array.from({ length: size }, () => Array(size).fill(null));
  drawPatterns(fixed, version);
  const free = fixed.map((row) => row.map((one) => one === null));
  /** @type {boolean[][]} */
  let best = [];
  let least = Infinity;
  const words = codewords(bytes, version);
  for (let mask = 0; mask < 8; mask += 1) {
    const tried = fixed.map((row) => row.map((one) => one ?? false));
    fillIn(tried, free, words, mask);
    drawFormat(tried, mask);
    const bad = penalty(tried);
    if (bad < least) [best, least] = [tried, bad];
  }
  return best;
}

/** @param {(boolean | null)[][]} grid @param {number} version */
function drawPatterns(grid, version) {
  const size = grid.length;
  for (let at = 0; at < size; at += 1) grid[6][at] = grid[at][6] = at % 2 === 0;
  for (const [y, x] of [[3, 3], [3, size - 4], [size - 4, 3]]) {
    for (let dy = -4; dy <= 4; dy += 1) {
      for (let dx = -4; dx <= 4; dx += 1) {
        const far = Math.max(Math.abs(dx), Math.abs(dy));
        if (grid[y + dy]?.[x + dx] !== undefined) grid[y + dy][x + dx] = far !== 2 && far !== 4;
      }
    }
  }
  if (version > 1) {
    const number = Math.floor(version / 7) + 2;
    const step = Math.ceil((size - 13) / (2 * number - 2)) * 2;
    const places = [6, ...Array.from({ length: number - 1 }, (_, at) => size - 7 - at * step).reverse()];
    for (const y of places) {
      for (const x of places) {
        const isFinder = (y === 6 && (x === 6 || x === size - 7)) || (y === size - 7 && x === 6);
        if (isFinder) continue;
        for (let dy = -2; dy <= 2; dy += 1) {
          for (let dx = -2; dx <= 2; dx += 1) {
            grid[y + dy][x + dx] = Math.max(Math.abs(dx), Math.abs(dy)) !== 1;
          }
        }
      }
    }
  }
  drawFormat(grid, 0);
  if (version < 7) return;
  let rest = version;
  for (let at = 0; at < 12; at += 1) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
  const bits = (version << 12) | rest;
  for (let at = 0; at < 18; at += 1) {
    const [a, b] = [size - 11 + (at % 3), Math.floor(at / 3)];
    grid[a][b] = grid[b][a] = ((bits >> at) & 1) === 1;
  }
}

/** Error correction L is 01. @param {(boolean | null)[][]} grid @param {number} mask */
function drawFormat(grid, mask) {
  const size = grid.length;
  let rest = 8 | mask;
  for (let at = 0; at < 10; at += 1) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const bits = (((8 | mask) << 10) | rest) ^ 0x5412;
  for (let at = 0; at < 15; at += 1) {
    const dark = ((bits >> at) & 1) === 1;
    grid[at < 6 ? at : at < 8 ? at + 1 : size - 15 + at][8] = dark;
    grid[8][at < 8 ? size - 1 - at : at < 9 ? 7 : 14 - at] = dark;
  }
  grid[size - 8][8] = true;
}

/** @type {((x: number, y: number) => number)[]} */
const MASKS = [
  (x, y) => (x + y) % 2,
  (_, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/** @param {boolean[][]} grid @param {boolean[][]} free @param {number[]} words @param {number} mask */
function fillIn(grid, free, words, mask) {
  const size = grid.length;
  let bit = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (!free[y][x]) continue;
        const dark = ((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
        grid[y][x] = (dark === 1) !== (MASKS[mask](x, y) === 0);
        bit += 1;
      }
    }
  }
}

/** How hard it would be to read. @param {boolean[][]} grid */
function penalty(grid) {
  const size = grid.length;
  let bad = 0;
  let dark = 0;
  const lines = [...grid, ...grid.map((_, x) => grid.map((row) => row[x]))]
    .map((line) => line.map((one) => (one ? "1" : "0")).join(""));
  for (const line of lines) {
    for (const run of line.match(/0{5,}|1{5,}/g) ?? []) bad += run.length - 2;
    for (let at = 0; at + 11 <= size; at += 1) {
      const part = line.slice(at, at + 11);
      if (part === "10111010000" || part === "00001011101") bad += 40;
    }
  }
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const one = grid[y][x];
      dark += one ? 1 : 0;
      if (y && x && one === grid[y - 1][x] && one === grid[y][x - 1] && one === grid[y - 1][x - 1]) bad += 3;
    }
  }
  return bad + Math.floor(Math.abs((dark * 20) / (size * size) - 10)) * 10;
}

/** Draw the QR code of a text, dark on light in every theme. @param {string} text @param {string} label */
export function qrCode(text, label) {
  const grid = modules(text);
  const size = grid.length + 2 * QUIET;
  const path = grid.flatMap((row, y) => row.map((dark, x) =>
    dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : "")).join("");
  return svg("svg", { viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img", "aria-label": label,
    "shape-rendering": "crispEdges" }, svg("path", { d: path }));
}
