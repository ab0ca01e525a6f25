/** What a JPEG's markers say before anything is decoded. */
export interface JpegHeader {
  width: number;
  height: number;
  /** 1 grey, 3 YCbCr (or RGB), 4 CMYK. */
  components: number;
  /** Baseline or progressive Huffman: what libjpeg-turbo decodes. */
  common: boolean;
  /** Whether the EXIF orientation asks to turn or mirror the photo. */
  oriented: boolean;
  /** Whether the components are RGB or an embedded profile asks for a conversion. */
  converted: boolean;
}

const SOI = 0xffd8;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
const SOS = 0xda;
const ORIENTATION_TAG = 0x0112;

/**
 * Reads the markers up to the first scan, since a profile or an orientation may stand behind the frame header too;
 * undefined when this is not a JPEG or its frame header is missing.
 */
export function readJpegHeader(bytes: Buffer): JpegHeader | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== SOI) return undefined;
  let frame: Pick<JpegHeader, 'width' | 'height' | 'components' | 'common'> | undefined;
  let oriented = false;
  let converted = false;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === SOS) break;
    const length = bytes.readUInt16BE(at + 2);
    const body = bytes.subarray(at + 4, at + 2 + length);
    // C0..CF are frame headers, but for C4 (Huffman tables), C8 (reserved) and CC (arithmetic conditioning).
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      // libjpeg refuses a second frame too.
      if (body.length < 6 || frame !== undefined) break;
      const common = marker <= 0xc2 && body[0] === 8;
      frame = { width: body.readUInt16BE(3), height: body.readUInt16BE(1), components: body[5]!, common };
    }
    if (marker === APP1 && orientationOf(body) > 1) oriented = true;
    if (marker === APP2 && body.toString('latin1', 0, 11) === 'ICC_PROFILE') converted = true;
    if (marker === APP14 && body.toString('latin1', 0, 5) === 'Adobe' && body[11] === 0) converted = true;
    at += 2 + length;
  }
  return frame && { ...frame, oriented, converted };
}

/** The EXIF orientation, 1..8; 1 (upright) where there is none. */
function orientationOf(body: Buffer): number {
  if (body.length < 16 || body.toString('latin1', 0, 6) !== 'Exif\0\0') return 1;
  const tiff = body.subarray(6);
  const little = tiff.toString('latin1', 0, 2) === 'II';
  const u16 = (at: number) => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at: number) => (little ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  try {
    const directory = u32(4);
    for (let entry = 0; entry < u16(directory); entry++) {
      const at = directory + 2 + 12 * entry;
      if (u16(at) === ORIENTATION_TAG) return u16(at + 8);
    }
  } catch {
    // Offsets that point outside: no orientation that anyone could follow.
  }
  return 1;
}
