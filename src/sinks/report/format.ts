/** What stands where a number is missing, infinite or not a number. */
export const NOTHING = '–';

/** 12345.6 → `12,346`. */
export function count(value: number | undefined): string {
  return decimal(value, 0);
}

/** With a fixed number of decimals, whatever the machine's language. */
export function decimal(value: number | undefined, digits: number): string {
  if (value === undefined || !Number.isFinite(value)) return NOTHING;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** 0.8237 → `82.4 %`. */
export function percent(share: number | undefined, digits = 1): string {
  if (share === undefined || !Number.isFinite(share)) return NOTHING;
  return `${decimal(share * 100, digits)}\u00a0%`;
}

/** 0.8012, 0.8455 → `80.1–84.6 %`. */
export function percentRange([low, high]: readonly [number, number]): string {
  return `${decimal(low * 100, 1)}–${percent(high)}`;
}

/** 83.4 → `1 min 23 s`. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return NOTHING;
  if (seconds < 9.95) return `${decimal(seconds, 1)}\u00a0s`;
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'min'],
    [whole % 60, 's'],
  ] as const;
  const shown = parts.filter(([value]) => value > 0).slice(0, 2);
  return shown.map(([value, unit]) => `${value}\u00a0${unit}`).join(' ');
}

/** 1234567 → `1.2 MB`; units of a thousand, as disks are sold and `summary.json` is read. */
export function bytes(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return NOTHING;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${decimal(size, unit === 0 || size >= 99.5 ? 0 : 1)}\u00a0${units[unit]}`;
}

/** `1 class`, `21 classes`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
