/** Our native programs and libraries, by the machine that they are built for: native/NAME/NAME.MACHINE. */
import { nativeFile } from './native-file.js';

const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** `suffix` is '.so' for a library. Throws when there is none for this machine. */
export function nativeProgram(name: string, suffix = ''): string {
  return nativeFile(name, `${name}.${MACHINES[process.arch] ?? process.arch}${suffix}`);
}
