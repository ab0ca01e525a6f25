// One listing row after the other: checks that it is JSON, writes its canonical JSON (what `canonicalJson` gives, byte for
// byte) and copies the members that are wanted. What is rare and not plain (numbers that JavaScript writes otherwise, keys
// with escapes, keys that are digits or come twice, lone surrogates, deep nesting) is left to the host, which parses the
// row itself: only a row that is certainly JSON, and whose canonical form is certainly this, is taken.
//
// The byte behind a row is a line feed: no string goes over it.

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const OPEN_OBJECT: u32 = 0x7b;
const CLOSE_OBJECT: u32 = 0x7d;
const OPEN_ARRAY: u32 = 0x5b;
const CLOSE_ARRAY: u32 = 0x5d;
const DEEPEST: i32 = 32;
/** Digits that a 64-bit float holds whatever they are. */
const EXACT_DIGITS: i32 = 15;
const MOST_MEMBERS: usize = 256;
/** A member: where its canonical text begins, its key's length, where it ends. */
const MEMBER: usize = 12;

let at: usize = 0;
let out: usize = 0;
/** Members of the objects that are open, one stack for all. */
let members: usize = 0;
let membersBegin: usize = 0;
let membersEnd: usize = 0;
/** As large as the canonical text. */
let spare: usize = 0;
/** Names that are wanted: a length (u32) and so many bytes each; a length of 0 ends them. No name: the whole row is. */
let names: usize = 0;
let emitted: usize = 0;
let wanted: bool = false;

export function prepare(memberStack: usize, memberBytes: usize, spareText: usize, wantedNames: usize): void {
  membersBegin = memberStack;
  membersEnd = memberStack + memberBytes;
  spare = spareText;
  names = wantedNames;
  wanted = load<u32>(names) > 0;
}

/**
 * Reads the row that lies in [start, end). Its canonical JSON goes to `canonical`, the wanted members as they are written
 * to `copy`.
 * @returns the length of the canonical JSON; 0 for a row that the host has to parse.
 */
export function scan(start: usize, end: usize, canonical: usize, copy: usize): usize {
  // A row that was left in the middle has left its own.
  members = membersBegin;
  at = start;
  out = canonical;
  emitted = copy;
  space();
  if (load<u8>(at) != OPEN_OBJECT) return 0;
  if (!object(0)) return 0;
  const last = at;
  space();
  if (at < end) return 0;
  if (!wanted) {
    emitted = copy;
    memory.copy(emitted, start, last - start);
    emitted += last - start;
  }
  return out - canonical;
}

/** Where the copy of the last row ends. */
export function copied(): usize {
  return emitted;
}

// @ts-ignore
@inline
function space(): void {
  let byte: u32 = load<u8>(at);
  while (byte == 0x20 || byte == 0x09 || byte == 0x0d) byte = load<u8>(++at);
}

// @ts-ignore
@inline
function put(byte: u32): void {
  store<u8>(out++, byte);
}

function value(depth: i32): bool {
  const byte: u32 = load<u8>(at);
  if (byte == QUOTE) return string();
  if (byte == OPEN_OBJECT) return object(depth + 1);
  if (byte == OPEN_ARRAY) return array(depth + 1);
  if (byte == 0x74) return word(0x65757274, 4);
  if (byte == 0x6e) return word(0x6c6c756e, 4);
  if (byte == 0x66) return load<u32>(at, 1) == 0x65736c61 ? word(0x736c6166, 5) : false;
  return number();
}

function word(first: u32, length: usize): bool {
  if (load<u32>(at) != first) return false;
  memory.copy(out, at, length);
  at += length;
  out += length;
  return true;
}

function array(depth: i32): bool {
  if (depth > DEEPEST) return false;
  at++;
  put(OPEN_ARRAY);
  space();
  if (load<u8>(at) == CLOSE_ARRAY) {
    at++;
    put(CLOSE_ARRAY);
    return true;
  }
  while (true) {
    if (!value(depth)) return false;
    space();
    const byte: u32 = load<u8>(at++);
    put(byte);
    if (byte == CLOSE_ARRAY) return true;
    if (byte != COMMA) return false;
    space();
  }
}

function object(depth: i32): bool {
  if (depth > DEEPEST) return false;
  const first = members;
  const begin = out + 1;
  let sorted = true;
  let comma = false;
  at++;
  put(OPEN_OBJECT);
  if (depth == 0) store<u8>(emitted++, OPEN_OBJECT);
  space();
  if (load<u8>(at) == CLOSE_OBJECT) {
    at++;
    put(CLOSE_OBJECT);
    if (depth == 0) store<u8>(emitted++, CLOSE_OBJECT);
    return true;
  }
  while (true) {
    if (load<u8>(at) != QUOTE) return false;
    const raw = at;
    const text = out;
    if (!key()) return false;
    const length = out - text;
    if (members + MEMBER > membersEnd) return false;
    if (members > first && sorted) {
      const order = compare(members - MEMBER, text, length);
      if (order == 0) return false;
      sorted = order < 0;
    }
    const copies = depth == 0 && wanted && isWanted(text + 1, length - 2);
    space();
    if (load<u8>(at++) != COLON) return false;
    put(COLON);
    space();
    store<u32>(members, text);
    store<u32>(members, length, 4);
    members += MEMBER;
    if (!value(depth)) return false;
    store<u32>(members - MEMBER, out, 8);
    if (copies) {
      if (comma) store<u8>(emitted++, COMMA);
      comma = true;
      memory.copy(emitted, raw, at - raw);
      emitted += at - raw;
    }
    space();
    const byte: u32 = load<u8>(at++);
    if (byte == CLOSE_OBJECT) break;
    if (byte != COMMA) return false;
    put(COMMA);
    space();
  }
  if (!sorted && !sort(first, begin)) return false;
  members = first;
  put(CLOSE_OBJECT);
  if (depth == 0) store<u8>(emitted++, CLOSE_OBJECT);
  return true;
}

/** A member's key and another one, quotes included, in the order of their bytes: which is that of their code units. */
function compare(member: usize, text: usize, length: usize): i32 {
  const own = load<u32>(member);
  const ownLength = <usize>load<u32>(member, 4);
  // Without their quotes.
  const both = min<usize>(ownLength, length) - 2;
  const order = memory.compare(own + 1, text + 1, both);
  return order != 0 ? order : <i32>ownLength - <i32>length;
}

/** Puts the members since `first`, whose text begins at `begin`, into the order of their keys. */
function sort(first: usize, begin: usize): bool {
  if (members - first > MOST_MEMBERS * MEMBER) return false;
  for (let next = first + MEMBER; next < members; next += MEMBER) {
    const text = load<u32>(next);
    const length = load<u32>(next, 4);
    const end = load<u32>(next, 8);
    let place = next;
    while (place > first) {
      const order = compare(place - MEMBER, text, length);
      if (order == 0) return false;
      if (order < 0) break;
      memory.copy(place, place - MEMBER, MEMBER);
      place -= MEMBER;
    }
    store<u32>(place, text);
    store<u32>(place, length, 4);
    store<u32>(place, end, 8);
  }
  let to = spare;
  for (let member = first; member < members; member += MEMBER) {
    if (member > first) store<u8>(to++, COMMA);
    const text = <usize>load<u32>(member);
    const length = <usize>load<u32>(member, 8) - text;
    memory.copy(to, text, length);
    to += length;
  }
  memory.copy(begin, spare, to - spare);
  return true;
}

function isWanted(text: usize, length: usize): bool {
  let name = names;
  while (true) {
    const size = <usize>load<u32>(name);
    if (size == 0) return false;
    name += 4;
    if (size == length && memory.compare(name, text, length) == 0) return true;
    name += size;
  }
}

/** A key of plain ASCII that is no array index, which JavaScript puts before all others. */
function key(): bool {
  put(QUOTE);
  at++;
  let digits = true;
  while (true) {
    const byte: u32 = load<u8>(at++);
    if (byte < 0x20 || byte > 0x7e || byte == BACKSLASH) return false;
    put(byte);
    if (byte == QUOTE) break;
    if (byte < 0x30 || byte > 0x39) digits = false;
  }
  return !digits;
}

function string(): bool {
  put(QUOTE);
  at++;
  const quote = i8x16.splat(<i8>QUOTE);
  const backslash = i8x16.splat(<i8>BACKSLASH);
  const control = i8x16.splat(0x20);
  while (true) {
    const text = v128.load(at);
    v128.store(out, text);
    const stops = v128.or(
      v128.or(i8x16.eq(text, quote), i8x16.eq(text, backslash)),
      i8x16.lt_u(text, control),
    );
    const mask = i8x16.bitmask(stops);
    if (mask == 0) {
      at += 16;
      out += 16;
      continue;
    }
    const plain = <usize>ctz(mask);
    at += plain;
    out += plain;
    const byte: u32 = load<u8>(at++);
    if (byte == QUOTE) {
      put(QUOTE);
      return true;
    }
    if (byte != BACKSLASH || !escape()) return false;
  }
}

/** What stands behind a backslash, as `JSON.stringify` would write it. */
function escape(): bool {
  const byte: u32 = load<u8>(at++);
  if (byte == 0x75) return unicode();
  if (byte == 0x2f) {
    put(0x2f);
    return true;
  }
  // " \ b f n r t
  if (
    byte != QUOTE &&
    byte != BACKSLASH &&
    byte != 0x62 &&
    byte != 0x66 &&
    byte != 0x6e &&
    byte != 0x72 &&
    byte != 0x74
  ) {
    return false;
  }
  put(BACKSLASH);
  put(byte);
  return true;
}

/** Four hexadecimal digits; −1 for anything else. */
function hexadecimal(): i32 {
  let code: i32 = 0;
  for (let digit = 0; digit < 4; digit++) {
    const byte: i32 = load<u8>(at++);
    const letter = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) code = (code << 4) | (byte - 0x30);
    else if (letter >= 0x61 && letter <= 0x66) code = (code << 4) | (letter - 0x57);
    else return -1;
  }
  return code;
}

function unicode(): bool {
  let code = hexadecimal();
  if (code < 0x20) {
    // Control characters are rare, and keep an escape of their own kind.
    return false;
  }
  if (code == QUOTE || code == BACKSLASH) {
    put(BACKSLASH);
    put(code);
    return true;
  }
  if ((code & 0xf800) == 0xd800) {
    if (code >= 0xdc00 || load<u8>(at) != BACKSLASH || load<u8>(at, 1) != 0x75) return false;
    at += 2;
    const low = hexadecimal();
    if ((low & ~0x3ff) != 0xdc00) return false;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
  } else if (code < 0x80) {
    put(code);
    return true;
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
    return true;
  } else {
    put(0xe0 | (code >> 12));
  }
  put(0x80 | ((code >> 6) & 0x3f));
  put(0x80 | (code & 0x3f));
  return true;
}

/** Numbers of few digits without an exponent, which JavaScript writes as they stand but for zeros at their end. */
function number(): bool {
  const begin = out;
  let byte: u32 = load<u8>(at);
  if (byte == 0x2d) {
    put(byte);
    byte = load<u8>(++at);
  }
  const whole = out;
  while (byte >= 0x30 && byte <= 0x39) {
    put(byte);
    byte = load<u8>(++at);
  }
  const wholeDigits = <i32>(out - whole);
  if (wholeDigits == 0 || wholeDigits > EXACT_DIGITS) return false;
  const zero = load<u8>(whole) == 0x30;
  if (zero && wholeDigits > 1) return false;
  if (byte == 0x2e) {
    const point = out;
    put(byte);
    byte = load<u8>(++at);
    let leading = 0;
    let digits = 0;
    while (byte >= 0x30 && byte <= 0x39) {
      if (byte == 0x30 && leading == digits) leading++;
      digits++;
      put(byte);
      byte = load<u8>(++at);
      if (wholeDigits + digits > EXACT_DIGITS) return false;
    }
    if (digits == 0) return false;
    // Below a millionth JavaScript writes an exponent.
    if (zero && leading > 5 && leading < digits) return false;
    while (load<u8>(out - 1) == 0x30) out--;
    if (out == point + 1) out = point;
  }
  if (byte == 0x65 || byte == 0x45) return false;
  // Minus zero is written without its sign.
  return !(load<u8>(begin) == 0x2d && out == whole + 1 && zero);
}
