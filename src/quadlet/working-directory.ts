/** SetWorkingDirectory= of .kube and .build files: where podman runs, and for a build its context. */
import { posix } from 'node:path';
import { Refusal, type Conversion } from './conversion.js';
import { absolutePath, isUrl } from './paths.js';
import type { Value } from './source.js';

/** Sets WorkingDirectory= where it follows from the key, unless [Service] has one. Returns the context of a build, '' where it is another's. */
export function setWorkingDirectory(conversion: Conversion): string {
  const { source, service, kind } = conversion;
  const value = source.set('SetWorkingDirectory');
  if (value === undefined) return '';
  const { file, context } = resolve(conversion, value, kind.type);
  if (file === '' || isUrl(context)) return context;
  if (source.set('WorkingDirectory', 'Service') !== undefined) return '';
  service.add('Service', 'WorkingDirectory', posix.dirname(absolutePath(conversion, file)), value.place);
  return context;
}

/** The file whose folder is meant. */
function resolve({ source }: Conversion, { text, place }: Value, type: string): { readonly file: string; readonly context: string } {
  const unit = source.contents.fragmentPath;
  const refuse = (message: string): Refusal =>
    new Refusal(message, place, { key: 'SetWorkingDirectory', hint: `expected ${type === 'build' ? 'unit, file, an absolute path or a URL' : 'yaml or unit'}` });
  switch (text.toLowerCase()) {
    case 'yaml': {
      if (type !== 'kube') throw refuse(`SetWorkingDirectory=${text} is only supported in .kube files`);
      const [yaml, second] = source.words('Yaml');
      if (second !== undefined) throw refuse('SetWorkingDirectory=yaml is only supported when a single Yaml key is provided');
      return { file: yaml?.text ?? '', context: '' };
    }
    case 'file': {
      if (type !== 'build') throw refuse(`SetWorkingDirectory=${text} is only supported in .build files`);
      const file = source.set('File');
      if (file === undefined) throw refuse('no File key specified');
      return { file: file.text, context: '' };
    }
    case 'unit':
      return { file: unit, context: '' };
    default:
      if (type !== 'build') throw refuse(`unsupported value for WorkingDirectory: ${text} `);
      // A relative context stands relative to the file.
      return { file: posix.isAbsolute(text) ? '' : unit, context: text };
  }
}
