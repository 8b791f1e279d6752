import path from 'node:path';
import type { NextConfig } from 'next';

const config: NextConfig = {
  // The only one of our packages the browser sees; it is TypeScript source.
  transpilePackages: ['@kubecity/protocol'],
  poweredByHeader: false,
  reactStrictMode: true,
  // `npm test` checks types once for the whole tree; the build does not do it again.
  typescript: { ignoreBuildErrors: true },
  devIndicators: false,
  turbopack: { root: path.join(import.meta.dirname, '../..') },
};

export default config;
