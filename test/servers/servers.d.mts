/** Where the archive of servers is; builds it when it is not there. */
export function ensureServers(options?: { readonly onProgress?: (line: string) => void }): Promise<string>;
export function archivePath(): string;
