import { type DoctorFinding } from '../../local';
import { type Look, type Style } from '../text/style';
import { pad, widthOf } from '../text/width';
import { wrap } from '../text/wrap';

const MARKS: Record<DoctorFinding['status'], { mark: string; look: Look }> = {
  ok: { mark: '✓', look: 'good' },
  warn: { mark: '!', look: 'warn' },
  fail: { mark: '✗', look: 'bad' },
};

/** Each finding beside its name, and under it what to do. Nothing is cut: what to do must be read whole. */
export function doctorLines(findings: readonly DoctorFinding[], width: number, style: Style): string[] {
  const nameWidth = Math.max(0, ...findings.map(({ name }) => widthOf(name)));
  const margin = ' '.repeat(nameWidth + '✓   '.length);
  const beside = (text: string): string[] => wrap(text, Math.max(MIN_TEXT, width - margin.length)).split('\n');
  return findings.flatMap(({ name, status, found, todo }) => {
    const { mark, look } = MARKS[status];
    const [first = '', ...more] = beside(found);
    return [
      `${style(look, mark)} ${pad(name, nameWidth)}  ${first}`,
      ...more.map((line) => margin + line),
      ...(todo === undefined ? [] : beside(`→ ${todo}`).map((line) => margin + style(look, line))),
    ];
  });
}

const MIN_TEXT = 24;
