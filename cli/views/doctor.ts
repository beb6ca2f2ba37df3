import { type DoctorFinding } from '../../local';
import { type Look, type Style } from '../text/style';
import { pad, widthOf } from '../text/width';

const MARKS: Record<DoctorFinding['status'], { mark: string; look: Look }> = {
  ok: { mark: '✓', look: 'good' },
  warn: { mark: '!', look: 'warn' },
  fail: { mark: '✗', look: 'bad' },
};

/** One line a finding, and under it what to do. Nothing is cut: what to do must be read whole. */
export function doctorLines(findings: readonly DoctorFinding[], style: Style): string[] {
  const nameWidth = Math.max(0, ...findings.map(({ name }) => widthOf(name)));
  return findings.flatMap(({ name, status, found, todo }) => {
    const { mark, look } = MARKS[status];
    const indent = ' '.repeat(nameWidth + 4);
    return [
      `${style(look, mark)} ${pad(name, nameWidth)}  ${found.replaceAll('\n', `\n${indent}`)}`,
      ...(todo === undefined ? [] : [`${indent}${style(look, `→ ${todo}`)}`]),
    ];
  });
}
