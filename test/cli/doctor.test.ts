import { expect, it } from 'vitest';
import { backends } from '#src/models/backends/index.js';
import { pipeline } from '../fixtures.js';

interface Report {
  name: string;
  available: boolean;
  trains: boolean;
  why?: string;
  imagesPerSecond?: number;
}

/** A driver that is none: what `webgpu` finds must not depend on the machine. */
const env = { VK_ICD_FILENAMES: '/no/driver.json', VK_DRIVER_FILES: '' };

it('reports every backend, and what auto takes, as JSON', async () => {
  const { code, stdout } = await pipeline(['doctor', '--seconds', '0.1', '--json'], { env });
  expect(code).toBe(0);
  const { backends: reports, auto } = JSON.parse(stdout) as { backends: Report[]; auto: string };
  expect(reports.map(({ name }) => name)).toEqual(backends.map(({ name }) => name));
  for (const report of reports) {
    expect(report.available || report.why !== undefined, report.name).toBe(true);
    if (report.available) expect(report.imagesPerSecond, report.name).toBeGreaterThan(0);
  }
  expect(reports.find(({ name }) => name === 'wasm')).toMatchObject({ available: true, trains: true });
  expect(auto).toBe(reports.find(({ trains }) => trains)!.name);
});

it('fits one screen, with what is missing and the command that helps', async () => {
  const { code, stdout } = await pipeline(['doctor', '--seconds', '0.1'], { env });
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.length).toBeLessThan(25);
  for (const { name } of backends)
    expect(lines.filter((line) => line.startsWith(`${name} `))).toHaveLength(1);
  expect(stdout).toMatch(/^wasm +trains +\d+ +\d+ +\d+ MB {2}\d+ cores?, WebAssembly SIMD; TensorFlow\.js/m);
  expect(stdout).toMatch(/^webgpu +no\n +Expected .*[vV]ulkan.*\n +→ .*/m);
  expect(stdout).toMatch(/^--backend auto is \w+ here\.$/m);
});

it('ends with exit 1 when none trains', async () => {
  // The processes that measure, and no others, have a channel to their parent: these crash.
  const crash = 'data:text/javascript,if(process.send)process.abort()';
  const { code, stdout, stderr } = await pipeline(['doctor', '--seconds', '0.1', '--json'], {
    env: { ...env, NODE_OPTIONS: `--import ${crash}` },
  });
  expect(code).toBe(1);
  expect(stderr).toContain('BACKEND_UNAVAILABLE: Expected a backend that trains');
  const { backends: reports, auto } = JSON.parse(stdout) as { backends: Report[]; auto: null };
  expect(auto).toBeNull();
  expect(reports).toHaveLength(backends.length);
  for (const { available, trains, why } of reports) {
    expect({ available, trains }).toEqual({ available: false, trains: false });
    expect(why).toContain('SIGABRT');
  }
});

it.each([
  ['0', 'seconds above 0'],
  // A timer of more would fire at once.
  ['3000000', 'at most 2147483 seconds'],
])('takes no %s for seconds', async (seconds, wanted) => {
  const { code, stderr } = await pipeline(['doctor', '--seconds', seconds]);
  expect(code).toBe(2);
  expect(stderr).toContain(`Expected ${wanted} for --seconds but received "${seconds}"`);
});
