/** What the agent does on its node: programs nothing, only what is steered, or every Service. */
export type Mode = 'observe' | 'steer' | 'replace';
