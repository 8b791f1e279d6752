import { Shell } from '../src/ui/Shell.tsx';

export default function Page() {
  return <Shell />;
}
