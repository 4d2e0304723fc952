import { test } from 'vitest';
import { parseUnitFile } from '/work/main/src/unitfile/parse.js';
import { verifyTexts } from '/work/main/src/verify/testing/verify-texts.js';
test('big', () => {
  for (const [n, t] of [['cont', '[A]\nk=' + '\\\n'.repeat(500000)], ['contx', '[A]\nk=' + 'x\\\n'.repeat(300000)], ['comments', '[A]\nk=\\\n' + '# c\n'.repeat(300000)], ['assign', '[A]\n' + 'k=v\n'.repeat(300000)], ['sections', '[A]\n[B]\n'.repeat(100000)]] as const) {
    const s = performance.now(); parseUnitFile('/x', t); console.log(n, performance.now() - s);
  }
  for (const [n, t] of [['env', '[Container]\nImage=q.io/x\n' + 'Environment=A=1 B=2\n'.repeat(20000)], ['svc', '[Service]\nExecStart=/bin/sh\n' + 'Environment=A=1 B=2\n'.repeat(20000)], ['after', '[Unit]\n' + 'After=x.service y.service\n'.repeat(20000)+'[Container]\nImage=q.io/x\n'], ['vol', '[Container]\nImage=q.io/x\n' + 'Volume=a:/b\n'.repeat(20000)],['ports', '[Container]\nImage=q.io/x\n' + 'PublishPort=1-60000:1-60000\n'.repeat(20)]] as const) {
    const s = performance.now(); verifyTexts({ [n === 'svc' ? 'a.service' : 'a.container']: t }); console.log(n, performance.now() - s);
  }
}, 100000);
