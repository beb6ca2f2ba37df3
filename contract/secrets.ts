/**
 * Finds credentials in a run's input. Input is stored in Temporal's history and shown in its UI, so an input that carries
 * a credential is refused; only the path is reported, never the value.
 */
export type SecretFinding = { path: PropertyKey[]; kind: string };

const TEXT_PATTERNS: readonly [kind: string, pattern: RegExp][] = [
  ['an API key', /\bsk-[A-Za-z0-9_-]{20,}/],
  ['a webhook secret', /\bwhsec_[A-Za-z0-9+/=]{20,}/],
  ['credentials in a URL', /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]+:[^\s/@]+@/i],
];
const URL_PARAMETER = /[?&](?:api[_-]?key|key|token|access[_-]?token|secret|password|signature)=[^&\s]+/i;
const SECRET_FIELDS = /^(?:authorization|headers|api[_-]?key|access[_-]?token|token|password|secret)$/i;

/** Every place in a pipeline's input that holds a credential. */
export function findSecrets(value: unknown): SecretFinding[] {
  const findings: SecretFinding[] = [];
  visit(value, [], findings);
  return findings;
}

function visit(value: unknown, path: PropertyKey[], findings: SecretFinding[]): void {
  if (typeof value === 'string') {
    const kind =
      secretKind(value) ??
      (path.at(-1) === 'server_url' && URL_PARAMETER.test(value) ? 'credentials in a URL' : undefined);
    if (kind) findings.push({ path, kind });
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => visit(item, [...path, index], findings));
  } else if (value !== null && typeof value === 'object') {
    visitFields(value, path, findings);
  }
}

function visitFields(value: object, path: PropertyKey[], findings: SecretFinding[]): void {
  for (const [name, field] of Object.entries(value)) {
    const fieldPath = [...path, name];
    const kind = secretKind(name);
    if (kind) findings.push({ path, kind: `${kind} as the name of a field` });
    else if (SECRET_FIELDS.test(name) && isToolField(path) && field !== null)
      findings.push({ path: fieldPath, kind: `"${name}"` });
    else visit(field, fieldPath, findings);
  }
}

/** A tool and everything below it; a JSON schema or a user's input may well have a field named "token". */
function isToolField([root, ...path]: PropertyKey[]): boolean {
  return (root === 'steps' && path[1] === 'tools') || (root === 'defaults' && path[0] === 'tools');
}

/** What kind of credential a text holds; undefined where it holds none. */
export function secretKind(text: string): string | undefined {
  return TEXT_PATTERNS.find(([, pattern]) => pattern.test(text))?.[0];
}
