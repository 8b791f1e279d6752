import packageJson from '../package.json' with { type: 'json' };

/** Of this dashboard; agents and dashboards of one release have the same. */
export const VERSION = packageJson.version;
