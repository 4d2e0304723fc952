/** koffi's library for this machine. */
export function koffiLibrary(): string;

/** Writes echo.cjs and koffi.node into the folder. */
export function bundle(folder: string): Promise<void>;
