export { likelihood, SELDOM } from './chance.ts';
