import { describe } from 'vitest';
import { backendSuite } from './suite.js';

describe('wasm', () => backendSuite('wasm'));
