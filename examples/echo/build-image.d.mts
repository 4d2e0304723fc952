export interface BuildOptions {
  /** The program, with global options where they are needed. */
  readonly podman?: string | readonly string[];
  /** Options of `podman build`. */
  readonly args?: readonly string[];
  readonly tag?: string;
  /** Where the files of the image are collected. */
  readonly cache?: string;
  readonly onProgress?: (line: string) => void;
}

/** `built` is false when the image was there already. */
export function buildImage(options?: BuildOptions): Promise<{ readonly tag: string; readonly built: boolean }>;

/** Makes the folders base/ and app/ of the Containerfile. */
export function collect(options: Pick<BuildOptions, 'onProgress'> & { readonly cache: string }): Promise<{ readonly folder: string; readonly digest: string }>;
