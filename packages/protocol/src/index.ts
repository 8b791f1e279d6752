export * from './agent.ts';
export * from './audit.ts';
export * from './city.ts';
export * from './finding.ts';
export * from './map-question.ts';
export * from './report-for.ts';
export * from './steer.ts';
export * from './version.ts';
