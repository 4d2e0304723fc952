/** Addresses that two want, and those that only root may have. */
import { networkWithoutPorts } from './network-checks.js';
import { refused } from './quadlet-value-checks.js';
import { indexBy, perWorld } from './per-world.js';
import { isSocket, ownSection, socketOf, type Finding, type Subject, type World } from './subject.js';
import { collide, parsePublish, publishClaims, socketClaims, type Claim } from './ports.js';
import { expand, valuesOf } from './text.js';
import { serviceOf } from '../unit/load.js';

const PUBLISHING = ['container', 'pod', 'kube'];

export function* badPublishPort(subject: Subject, world: World): Iterable<Finding> {
  if (!PUBLISHING.includes(subject.type)) return;
  for (const line of valuesOf(subject, 'PublishPort')) {
    const value = expand(subject, world, line.value);
    if (/[%$]/.test(value) || parsePublish(value) !== undefined) continue;
    yield {
      at: line,
      section: line.section,
      message: `'${line.value}' in PublishPort= is not [[IP:][HOSTPORT]:]PORT[/PROTOCOL] with ports from 1 to 65535: ${refused(subject)}`,
      hint: 'such as 8080:80, 127.0.0.1:8080:80 or 53:53/udp',
    };
  }
}

/** Two sockets, or one socket twice: the second cannot listen. */
export function* heldTwice(subject: Subject, world: World): Iterable<Finding> {
  const own = socketOf(subject);
  if (own === undefined) return;
  const mine = socketClaims(own);
  for (const [i, claim] of mine.entries()) {
    const before = mine.slice(0, i).find((other) => collide(claim, other));
    const other =
      before ??
      claimsOf(world)
        .get(claim.what)
        ?.find((each) => each.type === 'held' && !isLater(each.owner, subject, world) && collide(claim, each));
    if (other === undefined) continue;
    const whom = before === undefined ? other.owner : `line ${before.at.line}`;
    yield {
      at: claim.at,
      word: claim.text,
      section: 'Socket',
      message: `'${claim.text}' is listened on by ${whom} already: of the two only the first can`,
      hint: before === undefined ? 'give one of them another address, or ReusePort=yes to both' : 'remove one of the two lines',
    };
  }
}

/** Of two files that are both verified, the later one is told. */
function isLater(owner: string, subject: Subject, world: World): boolean {
  return (positions(world).get(owner) ?? -1) >= (positions(world).get(subject.name) ?? 0);
}

const positions = perWorld(({ subjects }) => new Map(subjects.map(({ name }, i) => [name, i])));

/** Every claim in the world by what it claims. */
const claimsOf = perWorld((world) => {
  const sockets = world.units().flatMap((unit) => (isSocket(unit) ? socketClaims(unit.config) : []));
  return indexBy([...sockets, ...world.quadlets.flatMap(publishClaims)], ({ what }) => [what]);
});

function publishes(subject: Subject): readonly Claim[] {
  return PUBLISHING.includes(subject.type) && networkWithoutPorts(subject) === undefined ? publishClaims(subject.contents) : [];
}

/** A socket unit has the port: podman cannot have it too. */
export function* publishedThoughHeld(subject: Subject, world: World): Iterable<Finding> {
  const claims = publishes(subject);
  if (claims.length === 0) return;
  for (const claim of claims) {
    const held = claimsOf(world)
      .get(claim.what)
      ?.find((other) => other.type === 'held' && collide(claim, other));
    if (held === undefined) continue;
    const holder = world.find(held.owner);
    const own = holder !== undefined && isSocket(holder) && serviceOf(holder.config) === subject.unitName;
    yield {
      at: claim.at,
      word: claim.text,
      section: ownSection(subject),
      message: `PublishPort=${claim.text} is a port that ${held.owner} listens on: ${refused(subject)}`,
      hint: own ? 'leave PublishPort= out: the container is handed the socket' : 'publish another port, or let the socket listen elsewhere',
    };
    return;
  }
}

export function* publishedTwice(subject: Subject, world: World): Iterable<Finding> {
  const claims = publishes(subject);
  if (claims.length === 0) return;
  for (const claim of claims) {
    const other = claimsOf(world)
      .get(claim.what)
      ?.find((each) => each.type === 'published' && !isLater(each.owner, subject, world) && collide(claim, each));
    if (other === undefined) continue;
    yield {
      at: claim.at,
      word: claim.text,
      section: ownSection(subject),
      message: `PublishPort=${claim.text} is a port that ${other.owner} publishes as well: of the two only the first can run`,
      hint: 'publish another port of the host',
    };
    return;
  }
}

/** capabilities(7), CAP_NET_BIND_SERVICE */
export function* privilegedPort(subject: Subject, world: World): Iterable<Finding> {
  if (world.mode !== 'user') return;
  const first = world.host.firstOrdinaryPort;
  const own = socketOf(subject);
  const claims = [...(own === undefined ? [] : socketClaims(own)), ...publishes(subject)];
  for (const claim of claims) {
    const [port] = claim.ports;
    if (claim.hosts.has(0) || port >= first) continue;
    yield {
      at: claim.at,
      word: claim.text,
      section: own === undefined ? ownSection(subject) : 'Socket',
      message: `Port ${port} is for root: a user’s manager may not listen below ${first}`,
      hint: `a port from ${first} on, or sysctl net.ipv4.ip_unprivileged_port_start=${port}`,
    };
  }
}
