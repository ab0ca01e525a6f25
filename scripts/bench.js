// `npm run bench [-- names]`: installs what is missing, builds, measures; bench/README.md says how to read it.
import { prepare, sh } from './prepare.js';

prepare();
sh(process.execPath, ['bench/main.js', ...process.argv.slice(2)]);
