import { describe } from 'vitest';
import { backendSuite } from './suite.js';

describe('cpu', () => backendSuite('cpu'));
