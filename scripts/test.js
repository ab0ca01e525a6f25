// `npm test [-- vitest arguments]`: installs what is missing, builds, runs every test.
import { prepare, sh } from './prepare.js';

prepare();
sh('node_modules/.bin/vitest', ['run', ...process.argv.slice(2)]);
