export { ModelKernel } from './model-kernel.ts';
