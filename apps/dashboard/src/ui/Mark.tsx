/** The sign of Kubecity: a roundabout with its four roads. */
export function Mark() {
  return (
    <svg viewBox="0 0 24 24" className="size-5 text-light" aria-hidden="true">
      <g fill="none" stroke="currentColor" strokeWidth="2.1" strokeLinecap="round">
        <circle cx="12" cy="12" r="4.6" />
        <path d="M12 2.2v3.4M12 18.4v3.4M2.2 12h3.4M18.4 12h3.4" />
      </g>
    </svg>
  );
}
