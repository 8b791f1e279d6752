/** A kubeconfig (YAML) with one cluster, one user and one context, for kubectl and every client library. */
export function kubeconfigText(server: string, ca: string, user: string, token: string): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: kubecity
    cluster:
      server: ${JSON.stringify(server)}
      certificate-authority-data: ${Buffer.from(ca).toString('base64')}
users:
  - name: ${JSON.stringify(user)}
    user:
      token: ${JSON.stringify(token)}
contexts:
  - name: kubecity
    context:
      cluster: kubecity
      user: ${JSON.stringify(user)}
current-context: kubecity
`;
}
