// One listing row after the other: checks that it is JSON, writes its canonical JSON (what `canonicalJson` gives, byte for
// byte) and gathers the members that are wanted, each different one of a block once. What is rare and not plain (numbers that JavaScript writes otherwise, keys
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
let wanted: bool = false;

/** Different members of the block: as a JSON array of a key, its value, the next key …, without its brackets. */
let texts: usize = 0;
let textsEnd: usize = 0;
/** Of each so many of them as are looked up: its hash, where it begins, its length. The number is where it stands here. */
const SEEN: usize = 12;
let seen: usize = 0;
let count: u32 = 0;
/** By their hashes: the number of a member and 1, or 0. */
let slots: usize = 0;
const SLOTS: u32 = 65_536;
const MOST_SEEN: u32 = SLOTS / 2;
const MOST_LOOKS: i32 = 64;
/** The numbers of the rows' members, one after the other. */
let numbers: usize = 0;

export function prepare(memberStack: usize, memberBytes: usize, spareText: usize, wantedNames: usize): void {
  membersBegin = memberStack;
  membersEnd = memberStack + memberBytes;
  spare = spareText;
  names = wantedNames;
  wanted = load<u32>(names) > 0;
}

/** A new block: where its members' text and numbers go, and 65,536 slots of 4 bytes and half as many of 12. */
export function begin(textsAt: usize, numbersAt: usize, slotsAt: usize, seenAt: usize): void {
  texts = textsAt;
  textsEnd = textsAt;
  numbers = numbersAt;
  slots = slotsAt;
  seen = seenAt;
  count = 0;
  memory.fill(slots, 0, SLOTS * 4);
}

/**
 * Reads the row that lies in [start, end). Its canonical JSON goes to `canonical`; the numbers of its wanted members are
 * put behind those of the rows before.
 * @returns the length of the canonical JSON; 0 for a row that the host has to parse.
 */
export function scan(start: usize, end: usize, canonical: usize): usize {
  // A row that was left in the middle has left its own.
  members = membersBegin;
  const before = numbers;
  at = start;
  out = canonical;
  space();
  if (load<u8>(at) == OPEN_OBJECT && object(0)) {
    space();
    if (at >= end) return out - canonical;
  }
  numbers = before;
  return 0;
}

/** Where the numbers of the rows so far end. */
export function numbered(): usize {
  return numbers;
}

/** Where the text of their members ends. */
export function written(): usize {
  return textsEnd;
}

/** Notes a member of a row: a key with its quotes, and a value, both as they are written. */
function note(key: usize, keyLength: usize, value: usize, length: usize): void {
  const size = keyLength + 1 + length;
  const code = digest(value, length, digest(key, keyLength, 0));
  let slot: u32 = code & (SLOTS - 1);
  let looks = 0;
  for (; looks < MOST_LOOKS; looks++) {
    const number = load<u32>(slots + (slot << 2));
    if (number == 0) break;
    const known = seen + <usize>(number - 1) * SEEN;
    if (load<u32>(known) == code && <usize>load<u32>(known, 8) == size) {
      const begin = <usize>load<u32>(known, 4);
      if (
        memory.compare(begin, key, keyLength) == 0 &&
        memory.compare(begin + keyLength + 1, value, length) == 0
      ) {
        put32(number - 1);
        return;
      }
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
  if (textsEnd > texts) store<u8>(textsEnd++, COMMA);
  // What is not looked up again may be there twice, which costs room alone.
  if (count < MOST_SEEN && looks < MOST_LOOKS) {
    const known = seen + <usize>count * SEEN;
    store<u32>(known, code);
    store<u32>(known, textsEnd, 4);
    store<u32>(known, size, 8);
    store<u32>(slots + (slot << 2), count + 1);
  }
  memory.copy(textsEnd, key, keyLength);
  textsEnd += keyLength;
  store<u8>(textsEnd++, COMMA);
  memory.copy(textsEnd, value, length);
  textsEnd += length;
  put32(count++);
}

// @ts-ignore
@inline
function put32(number: u32): void {
  store<u32>(numbers, number);
  numbers += 4;
}

/** A hash of bytes, eight at a time: multiplied by 2^64 over the golden ratio, and folded. */
function digest(begin: usize, length: usize, seed: u32): u32 {
  let code: u64 = 0xcbf29ce484222325 ^ <u64>seed;
  const whole = begin + (length & ~7);
  for (let place = begin; place < whole; place += 8) {
    code = (code ^ load<u64>(place)) * 0x9e3779b97f4a7c15;
    code ^= code >> 32;
  }
  const rest = (length & 7) << 3;
  if (rest > 0) {
    const mask: u64 = ((<u64>1) << (<u64>rest)) - 1;
    code = (code ^ (load<u64>(whole) & mask)) * 0x9e3779b97f4a7c15;
    code ^= code >> 32;
  }
  return <u32>code ^ <u32>(code >> 29);
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
  at++;
  put(OPEN_OBJECT);
  space();
  if (load<u8>(at) == CLOSE_OBJECT) {
    at++;
    put(CLOSE_OBJECT);
    return true;
  }
  while (true) {
    if (load<u8>(at) != QUOTE) return false;
    const raw = at;
    const text = out;
    if (!key()) return false;
    const length = out - text;
    const rawLength = at - raw;
    if (members + MEMBER > membersEnd) return false;
    if (members > first && sorted) {
      const order = compare(members - MEMBER, text, length);
      if (order == 0) return false;
      sorted = order < 0;
    }
    const noted = depth == 0 && (!wanted || isWanted(text + 1, length - 2));
    space();
    if (load<u8>(at++) != COLON) return false;
    put(COLON);
    space();
    store<u32>(members, text);
    store<u32>(members, length, 4);
    members += MEMBER;
    const valueAt = at;
    if (!value(depth)) return false;
    store<u32>(members - MEMBER, out, 8);
    if (noted) note(raw, rawLength, valueAt, at - valueAt);
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
