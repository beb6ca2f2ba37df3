import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differences, takeFingerprint } from '../../local/fingerprint';

test('names the settings that differ, and tells those that decide on the provider', () => {
  const taken = takeFingerprint({ OPENAI_API_KEY: 'sk-one', OPENAI_MODEL: 'a', PATH: '/bin' });
  expect(differences(taken, { OPENAI_API_KEY: 'sk-one', OPENAI_MODEL: 'a', PATH: '/other' })).toEqual({
    decisive: [],
    other: [],
  });
  expect(differences(taken, { OPENAI_API_KEY: 'sk-two', TEMPORAL_NAMESPACE: 'x', OPENAI_MODEL: ' ' })).toEqual({
    decisive: ['OPENAI_API_KEY', 'TEMPORAL_NAMESPACE'],
    other: ['OPENAI_MODEL'],
  });
  expect(differences(taken, { OPENAI_API_KEY: 'sk-one', OPENAI_MODEL: 'a', DURABLE_RESEARCH_HOME: '/x' })).toEqual({
    decisive: [],
    other: [],
  });
});

test('holds no value, and the same value looks different to another supervisor', () => {
  const env = { OPENAI_API_KEY: 'sk-one' };
  const [one, two] = [takeFingerprint(env), takeFingerprint(env)];
  expect(JSON.stringify(one)).not.toContain('sk-one');
  expect(one.settings['OPENAI_API_KEY']).not.toBe(two.settings['OPENAI_API_KEY']);
});

test('an edited file of tools is a changed setting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fingerprint-'));
  try {
    const [one, two] = [join(folder, 'one.js'), join(folder, 'two.js')];
    writeFileSync(one, 'exports.one = tool;');
    const env = { DURABLE_RESEARCH_TOOLS: `some-package, ${one},${two}`, DURABLE_RESEARCH_MCP: join(folder, 'none') };
    const taken = takeFingerprint(env);
    expect(differences(taken, env)).toEqual({ decisive: [], other: [] });
    writeFileSync(one, 'exports.one = toolWithApproval;');
    expect(differences(taken, env)).toEqual({ decisive: [], other: ['DURABLE_RESEARCH_TOOLS'] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
