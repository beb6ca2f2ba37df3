import { addressGuard, isPublicAddress } from '../../tools/web/address-guard';

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '93.184.216.34',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '169.253.255.255',
  '192.167.255.255',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001:80e::200e',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  ['0.0.0.0', 'this host'],
  ['0.1.2.3', 'this network'],
  ['10.0.0.1', 'private'],
  ['10.255.255.255', 'private'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['100.100.100.200', 'metadata of a cloud, within carrier-grade NAT'],
  ['100.127.255.255', 'carrier-grade NAT'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['169.254.0.1', 'link-local'],
  ['168.63.129.16', 'metadata of a cloud, at a public address'],
  ['::ffff:168.63.129.16', 'the same, mapped'],
  ['169.254.169.254', 'metadata'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.0.0.192', 'metadata of a cloud, within protocol assignments'],
  ['192.0.2.1', 'documentation'],
  ['192.88.99.1', '6to4 relay'],
  ['192.168.0.1', 'private'],
  ['192.168.255.255', 'private'],
  ['198.18.0.1', 'benchmarking'],
  ['198.19.255.255', 'benchmarking'],
  ['198.51.100.7', 'documentation'],
  ['203.0.113.7', 'documentation'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.250', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['::127.0.0.1', 'IPv4-compatible, deprecated'],
  ['::ffff:127.0.0.1', 'loopback, mapped'],
  ['::ffff:7f00:1', 'loopback, mapped'],
  ['::ffff:10.1.2.3', 'private, mapped'],
  ['::ffff:169.254.169.254', 'metadata, mapped'],
  ['::ffff:0:10.0.0.1', 'translated'],
  ['64:ff9b::127.0.0.1', 'loopback by NAT64'],
  ['64:ff9b::a00:1', 'private by NAT64'],
  ['64:ff9b::169.254.169.254', 'metadata by NAT64'],
  ['64:ff9b:1::8.8.8.8', 'NAT64 of a local network'],
  ['2002:7f00:1::', 'loopback by 6to4'],
  ['2002:808:808::1', '6to4'],
  ['2001::1', 'Teredo'],
  ['2001:db8::1', 'documentation'],
  ['2001:2::1', 'benchmarking'],
  ['2001:10::1', 'identifiers'],
  ['3fff::1', 'documentation'],
  ['100::1', 'discard'],
  ['5f00::1', 'segment routing'],
  ['fc00::1', 'unique-local'],
  ['fd00:ec2::254', 'metadata of a cloud, unique-local'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local with its interface'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['', 'nothing'],
  ['localhost', 'a name'],
])('%s is not public: %s', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test('allowed are an address, a network, and a host wherever it leads', () => {
  const guard = addressGuard(['10.1.0.0/16', '192.168.1.7', 'fd00:1::/32', 'Wiki.internal']);
  expect(guard.permits('a.example', '10.1.255.1')).toBe(true);
  expect(guard.permits('a.example', '::ffff:10.1.0.1')).toBe(true);
  expect(guard.permits('a.example', '10.2.0.1')).toBe(false);
  expect(guard.permits('a.example', '192.168.1.7')).toBe(true);
  expect(guard.permits('a.example', '192.168.1.8')).toBe(false);
  expect(guard.permits('a.example', 'fd00:1::5')).toBe(true);
  expect(guard.permits('wiki.internal', '192.168.9.9')).toBe(true);
  expect(guard.permits('not-wiki.internal', '192.168.9.9')).toBe(false);
  expect(guard.permits('a.example', '8.8.8.8')).toBe(true);
});

test.each(['10.0.0.0/33', 'http://wiki.internal', 'wiki.internal:80', '*.internal', '', '10.0.0'])(
  'allowing "%s" is refused',
  (entry) => {
    expect(() => addressGuard([entry])).toThrow(/allow: expected an address, a CIDR such as/);
  },
);
