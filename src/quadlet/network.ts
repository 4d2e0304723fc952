/** .network: a service that makes a network; podman-systemd.unit(5), "Network units". */
import { COMMON_KEYS, oneshotDefaults, podman, Refusal, type Conversion } from './conversion.js';
import { resourceNameOf } from './kinds.js';
import { applyRows, each, flag, keysOf, last, pairs, podmanArgs, row, type Row } from './rows.js';

/** The first gateway and range belong to the first subnet, and so on. */
const subnets = row(['Subnet', 'Gateway', 'IPRange'], ({ source }, command) => {
  const all = source.all('Subnet');
  const gateways = source.all('Gateway');
  const ranges = source.all('IPRange');
  const first = gateways[0] ?? ranges[0];
  if (all.length === 0 && first !== undefined) throw new Refusal('cannot set gateway or range without subnet', first.place, { hint: 'Subnet=10.89.0.0/24' });
  const gateway = gateways[all.length];
  if (gateway !== undefined) throw new Refusal('cannot set more gateways than subnets', gateway.place, { key: 'Gateway', hint: 'each Gateway= belongs to one Subnet=' });
  const range = ranges[all.length];
  if (range !== undefined) throw new Refusal('cannot set more ranges than subnets', range.place, { key: 'IPRange', hint: 'each IPRange= belongs to one Subnet=' });
  for (const [i, subnet] of all.entries()) {
    command.add('--subnet', subnet.text);
    if (gateways[i] !== undefined) command.add('--gateway', gateways[i].text);
    if (ranges[i] !== undefined) command.add('--ip-range', ranges[i].text);
  }
});

const ROWS: readonly Row[] = [
  flag('DisableDNS', '--disable-dns'),
  flag('Internal', '--internal'),
  flag('IPv6', '--ipv6'),
  last('Driver', '--driver'),
  last('IPAMDriver', '--ipam-driver'),
  last('InterfaceName', '--interface-name'),
  each('DNS', '--dns'),
  subnets,
  pairs('Options', '--opt'),
  pairs('Label', '--label'),
  podmanArgs,
];

export const NETWORK_KEYS: readonly string[] = [...COMMON_KEYS, 'NetworkName', 'NetworkDeleteOnStop', ...keysOf(ROWS)];

export function convertNetwork(conversion: Conversion): void {
  const { source, service, kind } = conversion;
  const name = resourceNameOf(source.contents, kind);
  if (source.flag('NetworkDeleteOnStop') === true)
    service.add('Service', 'ExecStopPost', podman(conversion, 'network', 'rm', name).text(), source.last('NetworkDeleteOnStop')?.place);
  const command = podman(conversion, 'network', 'create', '--ignore');
  applyRows(ROWS, conversion, command);
  service.add('Service', 'ExecStart', command.add(name).text(), source.place);
  oneshotDefaults(conversion, true);
}
