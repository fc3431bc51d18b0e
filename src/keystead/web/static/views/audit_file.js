// Events as files for other programs, as `keystead audit export` writes them, but for their time,
// which the API gives in milliseconds.

/** @type {Record<string, string>} */
const SHORT = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

const COLUMNS = ["sequence", "time", "action", "outcome", "author_kind", "author_name", "author_id", "token_id",
  "face", "source", "object", "object_id", "times", "detail"];

/** @param {AuditEvent} one @param {unknown} detail */
const values = (one, detail) => [one.sequence, one.time ? new Date(one.time).toISOString() : null, one.action,
  one.outcome, one.authorKind, one.author, one.authorId, one.tokenId ?? null, one.face, one.source, one.object,
  one.objectId, one.times, detail];

/** An object a line, in ASCII, so that whatever it holds it stays one line. @param {AuditEvent[]} events */
export const jsonLines = (events) => events.map((one) => {
  const shown = values(one, Object.entries(one.detail)).map((value, at) => [COLUMNS[at], value]);
  const line = JSON.stringify(Object.fromEntries(shown));
  return `${line.replace(/[\x7f-\uffff]/g, (c) => `\\u${hex(c.charCodeAt(0), 4)}`)}\n`;
}).join("");

/** A row an event, below their names. @param {AuditEvent[]} events */
export const csv = (events) => [COLUMNS, ...events.map((one) => {
  const detail = Object.entries(one.detail).map((pair) => pair.join(": ")).join(", ");
  return values(one, detail).map((value) => quoted(String(value ?? "")));
}), ""].join("\r\n");

/**
 * In quotes, with escapes for what cannot be seen, what spreadsheets take for the beginning of a
 * formula, also in full width, and for semicolons, at which some of them begin another field.
 * @param {string} text
 */
const quoted = (text) => `"${text.replace(/\\|(?! )[\p{C}\p{Z}]/gu, (c) => SHORT[c] ?? escaped(c))
  .replaceAll(";", "\\x3b").replaceAll('"', '""')
  .replace(/^( *)([=+\-@\uff1d\uff0b\uff0d\uff20])/, (_, blanks, c) => blanks + escaped(c))}"`;

/** @param {string} character */
function escaped(character) {
  const code = character.codePointAt(0) ?? 0;
  return code < 256 ? `\\x${hex(code, 2)}` : code < 65_536 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

/** @param {number} code @param {number} digits */
const hex = (code, digits) => code.toString(16).padStart(digits, "0");
