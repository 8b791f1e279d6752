import type { Metadata } from 'next';
import { headers } from 'next/headers';
import { Login } from '../../src/ui/login/Login.tsx';

export const metadata: Metadata = { title: 'Sign in · Kubecity' };

export default async function Page() {
  // The server says with each request which ways there are; that the page depends on it also gives its scripts their nonce.
  const ways = (await headers()).get('x-kubecity-ways')?.split(',') ?? [];
  return <Login token={ways.includes('token')} oidc={ways.includes('oidc')} />;
}
