/** What a process was doing when it failed, by the letter that it reports (native/rouse-spawn/rouse-spawn.c). */
const STAGES: Readonly<Record<string, string>> = {
  f: 'passing the descriptors on',
  c: 'joining the cgroup',
  l: 'setting resource limits',
  n: 'setting the nice level',
  o: 'adjusting the OOM score',
  r: 'changing the root directory',
  G: 'setting the supplementary groups',
  g: 'changing the group',
  u: 'changing the user',
  d: 'changing to the working directory',
  p: 'setting no-new-privileges',
  x: 'executing the program',
};

export function stageText(letter: string): string {
  return STAGES[letter] ?? `setting up the process (${letter})`;
}
