/** What kubelet and workload say to each other over the process's IPC channel. */

/** Where a Service is: its cluster IP and first port. The key is `name.namespace`. */
export type Names = Readonly<Record<string, { readonly address: string; readonly port: number }>>;

/** Kubelet → workload: with the first one it begins to call others; again whenever a Service changes. */
export interface NamesMessage {
  readonly names: Names;
}

/** Workload → kubelet, once: the server accepts connections (or there is none to wait for). */
export interface ListeningMessage {
  readonly listening: true;
}
