import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../unitfile/diagnostic.js';
import { githubLines, jsonReport, sarifReport, shownPath, summary, textLines, type Report } from './reports.js';

const FINDINGS: readonly Diagnostic[] = [
  {
    severity: 'error',
    code: 'unknown-key',
    file: '/repo/units/a b.container',
    line: 3,
    column: 1,
    section: 'Container',
    key: 'Imge',
    message: "Unknown key 'Imge', 100%",
    hint: "did you mean 'Image'?",
  },
  { severity: 'warning', code: 'short-image-name', file: '/etc/x.container', line: 0, message: 'Second' },
  { severity: 'info', code: 'never-started', file: '/repo/y.container', line: 2, message: 'Third' },
];

function report(findings = FINDINGS): Report {
  return { findings, files: 3, cwd: '/repo' };
}

describe('findings are reported', () => {
  test('as lines for people, with paths as they would name them', () => {
    expect(textLines(report(), (severity, text) => `<${severity}>${text}`)).toBe(
      ["<error>units/a b.container:3:1: Unknown key 'Imge', 100%", "  hint: did you mean 'Image'?", '<warning>/etc/x.container: Second', '<info>y.container:2: Third', ''].join(
        '\n',
      ),
    );
  });

  test('in one line that counts them', () => {
    expect(summary(report())).toBe('1 error, 1 warning and 1 remark in 3 files');
    expect(summary(report(FINDINGS.slice(0, 2)))).toBe('1 error and 1 warning in 3 files');
    expect(summary({ ...report([]), files: 1 })).toBe('Nothing found in 1 file');
  });

  test('as JSON with absolute paths and counts', () => {
    expect(jsonReport(report())).toEqual({ files: 3, errors: 1, warnings: 1, remarks: 1, findings: FINDINGS });
  });

  test('as commands that GitHub shows in place, with everything escaped that it must be', () => {
    expect(githubLines(report())).toBe(
      [
        "::error file=units/a b.container,line=3,col=1,title=rouse verify%3A unknown-key::Unknown key 'Imge', 100%25%0Ahint: did you mean 'Image'?",
        '::warning file=/etc/x.container,title=rouse verify%3A short-image-name::Second',
        '::notice file=y.container,line=2,title=rouse verify%3A never-started::Third',
        '',
      ].join('\n'),
    );
  });

  test('as SARIF, with a rule for each code and paths below the root', () => {
    expect(sarifReport(report(), '1.2.3')).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: {
            driver: {
              name: 'rouse verify',
              version: '1.2.3',
              rules: [{ id: 'unknown-key', shortDescription: { text: expect.stringMatching(/\.$/) } }, { id: 'short-image-name' }, { id: 'never-started' }],
            },
          },
          results: [
            {
              ruleId: 'unknown-key',
              ruleIndex: 0,
              level: 'error',
              message: { text: "Unknown key 'Imge', 100%\nhint: did you mean 'Image'?" },
              locations: [{ physicalLocation: { artifactLocation: { uri: 'units/a%20b.container', uriBaseId: '%SRCROOT%' }, region: { startLine: 3, startColumn: 1 } } }],
            },
            { level: 'warning', locations: [{ physicalLocation: { artifactLocation: { uri: 'file:///etc/x.container' }, region: { startLine: 1 } } }] },
            { ruleIndex: 2, level: 'note' },
          ],
        },
      ],
    });
  });

  test('with paths that are relative only below the folder', () => {
    expect(['/repo/x', '/repository/x', '/repo', 'gone'].map((file) => shownPath(file, '/repo'))).toEqual(['x', '/repository/x', '/repo', 'gone']);
  });
});
