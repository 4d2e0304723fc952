/** The forms in which findings are reported: lines for people, JSON, GitHub's workflow commands, and SARIF 2.1.0. */
import { isAbsolute, relative } from 'node:path';
import { formatDiagnostic, type Diagnostic, type Severity } from '../unitfile/diagnostic.js';
import { CHECKS, READER_CODES } from './checks.js';

export const FORMATS = ['text', 'json', 'github', 'sarif'] as const;
export type Format = (typeof FORMATS)[number];

export interface Report {
  readonly findings: readonly Diagnostic[];
  /** How many files were verified. */
  readonly files: number;
  readonly cwd: string;
}

export function count(findings: readonly Diagnostic[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

/** As the user would name it: relative where it is below the folder in which the command runs. */
export function shownPath(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return path === '' || path.startsWith('..') || !isAbsolute(file) ? file : path;
}

export function textLines({ findings, cwd }: Report, paint: (severity: Severity, text: string) => string): string {
  return findings.map((finding) => `${paint(finding.severity, formatDiagnostic({ ...finding, file: shownPath(finding.file, cwd) }))}\n`).join('');
}

/** '2 errors and 1 warning in 3 files' */
export function summary({ findings, files }: Report): string {
  const counted = (
    [
      ['error', 'error'],
      ['warning', 'warning'],
      ['info', 'remark'],
    ] as const
  ).flatMap(([severity, noun]) => {
    const number = count(findings, severity);
    return number === 0 ? [] : [plural(number, noun)];
  });
  const where = `in ${plural(files, 'file')}`;
  return counted.length === 0 ? `Nothing found ${where}` : `${counted.length > 2 ? `${counted.slice(0, -1).join(', ')} and ${counted.at(-1)}` : counted.join(' and ')} ${where}`;
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

export function jsonReport(report: Report): object {
  const { findings, files } = report;
  return { files, errors: count(findings, 'error'), warnings: count(findings, 'warning'), remarks: count(findings, 'info'), findings };
}

const GITHUB_LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'notice' };

/** https://docs.github.com/actions/reference/workflow-commands */
export function githubLines({ findings, cwd }: Report): string {
  return findings
    .map(({ severity, code, file, line, column, message, hint }) => {
      const place = [
        `file=${property(shownPath(file, cwd))}`,
        ...(line === 0 ? [] : [`line=${line}`]),
        ...(column === undefined ? [] : [`col=${column}`]),
        `title=${property(`rouse verify: ${code}`)}`,
      ];
      return `::${GITHUB_LEVELS[severity]} ${place.join(',')}::${data(hint === undefined ? message : `${message}\nhint: ${hint}`)}\n`;
    })
    .join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

const SARIF_LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** SARIF 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/ */
export function sarifReport({ findings, cwd }: Report, version: string): object {
  const ids = [...new Set(findings.map(({ code }) => code))];
  const rules = ids.map((id) => ({ id, shortDescription: { text: summaryOf(id) } }));
  const results = findings.map((finding) => ({
    ruleId: finding.code,
    ruleIndex: ids.indexOf(finding.code),
    level: SARIF_LEVELS[finding.severity],
    message: { text: finding.hint === undefined ? finding.message : `${finding.message}\nhint: ${finding.hint}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: artifact(finding.file, cwd),
          region: { startLine: Math.max(1, finding.line), ...(finding.column === undefined ? {} : { startColumn: finding.column }) },
        },
      },
    ],
  }));
  const driver = { name: 'rouse verify', version, rules };
  return { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }] };
}

function artifact(file: string, cwd: string): object {
  const path = shownPath(file, cwd);
  const uri = path.split('/').map(encodeURIComponent).join('/');
  return isAbsolute(path) ? { uri: `file://${uri}` } : { uri, uriBaseId: '%SRCROOT%' };
}

function summaryOf(code: string): string {
  return CHECKS.find((check) => check.code === code)?.summary ?? READER_CODES[code] ?? code;
}
