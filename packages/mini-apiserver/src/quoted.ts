/** A list as Go's `%q` prints it, which kube-apiserver does in its messages: `["a" "b"]`. */
export const quoted = (list: readonly string[]): string => `[${list.map((one) => JSON.stringify(one)).join(' ')}]`;
