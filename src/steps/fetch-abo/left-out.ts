import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { shown } from '../../http.js';
import { KEPT } from './folder.js';
import { keepOrWrite } from './keep-or-write.js';
import { addressOf, type Fetching } from './published-file.js';

const lack = z.enum(['missing', 'damaged']);
/** Why a photo is left out: the server has it not, or twice gave something else than a whole photo. */
export type Lack = z.infer<typeof lack>;

/** Photos that are left out, by their path below the dump's root. */
export type LeftOut = Map<string, Lack>;

const FILE = join(KEPT, 'left-out.json');
const content = z.object({ server: z.string(), photos: z.record(z.string(), lack) });

/** What earlier calls had to leave out; nothing where another server was asked, which may have it. */
export async function readLeftOut(fetching: Fetching): Promise<LeftOut> {
  try {
    const kept = content.parse(JSON.parse(await readFile(join(fetching.folder, FILE), 'utf8')));
    return new Map(kept.server === serverOf(fetching) ? Object.entries(kept.photos) : []);
  } catch {
    // What is not there, or cannot be read, is asked for again.
    return new Map();
  }
}

/** Keeps what is left out, so that the next call need not ask for it. */
export async function keepLeftOut(leftOut: LeftOut, fetching: Fetching): Promise<void> {
  const file = join(fetching.folder, FILE);
  if (leftOut.size === 0) return rm(file, { force: true });
  const photos = Object.fromEntries([...leftOut].sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = JSON.stringify({ server: serverOf(fetching), photos }, null, 2);
  await keepOrWrite(file, Buffer.from(`${text}\n`));
}

/** The server for files to be kept: without a password. */
const serverOf = (fetching: Fetching) => shown(addressOf(fetching));
