const HOST = /^(?:\*\.)?[a-z\d_-]+(?:\.[a-z\d_-]+)*$/;

/**
 * Whether a host is one of a list: `docs.example.com`, or any below `example.com` for `*.example.com`.
 * @throws TypeError for an entry that is no host name, such as a URL.
 */
export function hostList(entries: readonly string[]): (host: string) => boolean {
  const names = entries.map((entry) => entry.toLowerCase());
  const wrong = names.find((name) => !HOST.test(name));
  if (wrong !== undefined)
    throw new TypeError(`allowedHosts: expected a host name such as docs.example.com or *.example.com, got "${wrong}"`);
  const exact = new Set(names.filter((name) => !name.startsWith('*.')));
  const below = names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  return (host) => {
    // A name may end with the root's dot.
    const asked = host.toLowerCase().replace(/\.$/, '');
    return exact.has(asked) || below.some((end) => asked.endsWith(end));
  };
}
