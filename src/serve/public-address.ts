import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Addresses that are not of the public internet: IANA's special-purpose registries (RFC 6890 and its successors). */
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** Within what is global unicast: tunnels that carry IPv4 addresses (Teredo, 6to4), benchmarks, documentation, SRv6. */
const SPECIAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', '5f00::/16'];
/** All that has been given out so far; loopback, private, link-local, multicast and mapped addresses lie outside. */
const GLOBAL_V6 = '2000::/3';

const special = new BlockList();
for (const network of SPECIAL_V4) special.addSubnet(...subnet(network), 'ipv4');
for (const network of SPECIAL_V6) special.addSubnet(...subnet(network), 'ipv6');
const global = new BlockList();
global.addSubnet(...subnet(GLOBAL_V6), 'ipv6');

function subnet(network: string): [string, number] {
  const [address, bits] = network.split('/') as [string, string];
  return [address, Number(bits)];
}

/** Whether an IP address is one of the public internet, as opposed to this machine, its network, or a special range. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  return isIPv6(address) && global.check(address, 'ipv6') && !special.check(address, 'ipv6');
}
