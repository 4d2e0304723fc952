/**
 * Servers as Debian packages them, and how one of their own clients asks them something. Each runs unchanged in a container without a
 * network, on a socket that rouse holds outside.
 */

export interface ServerRow {
  readonly name: string;
  /** What runs, as in Exec=. The folder `config` is /cfg. */
  readonly exec: string;
  /** What the program binds, as in Adopt=. */
  readonly binds: string;
  readonly kind?: 'datagram' | 'unix';
  /** The port outside, where that matters to it. */
  readonly held?: number;
  /** Lines of the .container beyond what all have. */
  readonly lines?: readonly string[];
  /** A shell command in the same image on the host's network; $PORT is where the socket is held. */
  readonly client: string;
  readonly expect: RegExp;
  /** What makes it answer a bare connection; an HTTP request when not given, '' for a server that speaks first. */
  readonly says?: string;
  /** Where it tells which client it saw: in its answer, in its output, or in a file of the container. */
  readonly tells?: 'answer' | 'output' | `/${string}`;
  /** Runs in the container when `tells` is a file that does not say it by itself. */
  readonly language?: string;
}

const HTTP = 'curl -sS -m 20 http://127.0.0.1:$PORT/';
const PYTHON_MAIL = (module: string, call: string): string => `python3 -c "import os, ${module}; print(${module}.${call})"`;

/** A query for test.example, class IN, type A. */
const DNS_QUERY = '\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04test\x07example\x00\x00\x01\x00\x01';
const DIG = 'dig @127.0.0.1 -p $PORT +time=10 +tries=1 +short test.example';

export const SERVERS: readonly ServerRow[] = [
  {
    name: 'busybox-httpd',
    language: 'C',
    exec: 'busybox httpd -f -v -p 80 -h /etc',
    binds: '80',
    client: `${HTTP}hostname`,
    expect: /./,
    says: 'GET /hostname HTTP/1.0\r\n\r\n',
    tells: 'output',
  },
  { name: 'nginx', language: 'C', exec: `nginx -g 'daemon off;'`, binds: '80', client: HTTP, expect: /<html/, tells: '/var/log/nginx/access.log' },
  { name: 'lighttpd', language: 'C', exec: 'lighttpd -D -f /etc/lighttpd/lighttpd.conf', binds: '80', client: HTTP, expect: /<html/i },
  { name: 'apache2', language: 'C', exec: 'apachectl -D FOREGROUND', binds: '80', client: HTTP, expect: /Apache2/, tells: '/var/log/apache2/other_vhosts_access.log' },
  { name: 'haproxy', language: 'C', exec: 'haproxy -db -f /cfg/haproxy.cfg', binds: '80', client: HTTP, expect: /haproxy sees 127\.0\.0\.1/, tells: 'answer' },
  { name: 'varnish', language: 'C', exec: 'varnishd -F -a :80 -f /cfg/default.vcl', binds: '80', client: HTTP, expect: /varnish sees 127\.0\.0\.1/, tells: 'answer' },
  {
    name: 'tinyproxy',
    language: 'C',
    exec: 'tinyproxy -d',
    binds: '8888',
    client: 'curl -sS -m 20 -x http://127.0.0.1:$PORT http://tinyproxy.stats/',
    expect: /tinyproxy/,
    says: 'GET http://tinyproxy.stats/ HTTP/1.0\r\n\r\n',
  },
  {
    name: 'squid',
    language: 'C++',
    exec: 'squid -N',
    binds: '3128',
    client: 'curl -sS -m 20 -x http://127.0.0.1:$PORT http://127.0.0.1:9/',
    expect: /ERROR/,
    says: 'GET http://127.0.0.1:9/ HTTP/1.0\r\n\r\n',
    tells: '/var/log/squid/access.log',
  },
  {
    name: 'caddy',
    language: 'Go',
    exec: 'caddy respond --listen :80 --body "sees {http.request.remote.host}"',
    binds: '80',
    client: HTTP,
    expect: /sees .*127\.0\.0\.1/,
    tells: 'answer',
  },
  {
    name: 'php-fpm',
    language: 'C',
    kind: 'unix',
    exec: 'php-fpm8.4 -F',
    binds: '/run/php/php8.4-fpm.sock',
    client: 'python3 /cfg/fastcgi.py $PORT',
    expect: /X-Powered-By: PHP|Primary script unknown|File not found/,
  },
  {
    name: 'redis',
    language: 'C',
    exec: 'redis-server',
    binds: '6379',
    client: 'redis-cli -p $PORT client list',
    expect: /addr=127\.0\.0\.1:\d+ laddr=/,
    says: 'CLIENT LIST\r\n',
    tells: 'answer',
  },
  {
    name: 'redis, as Debian configures it',
    language: 'C',
    exec: 'redis-server /etc/redis/redis.conf --daemonize no --supervised no',
    binds: '6379',
    client: 'redis-cli -p $PORT client list',
    expect: /addr=127\.0\.0\.1:\d+ laddr=/,
    says: 'CLIENT LIST\r\n',
    tells: 'answer',
  },
  {
    name: 'memcached',
    language: 'C',
    exec: 'memcached -u nobody',
    binds: '11211',
    client: `bash -c 'exec 3<>/dev/tcp/127.0.0.1/$PORT; printf "stats conns\\r\\nquit\\r\\n" >&3; cat <&3'`,
    expect: /addr tcp:127\.0\.0\.1/,
    says: 'stats conns\r\n',
    tells: 'answer',
  },
  {
    name: 'postgresql',
    language: 'C',
    exec: '/usr/lib/postgresql/17/bin/postgres -D /var/lib/postgresql/17/main -c config_file=/etc/postgresql/17/main/postgresql.conf -c hba_file=/cfg/pg_hba.conf -c log_connections=on -c unix_socket_directories=/tmp',
    binds: '5432',
    lines: ['User=postgres'],
    client: 'psql -h 127.0.0.1 -p $PORT -U postgres -Atc "select inet_client_addr()"',
    expect: /127\.0\.0\.1/,
    // A startup message for the user postgres.
    says: '\x00\x00\x00\x17\x00\x03\x00\x00user\x00postgres\x00\x00',
    tells: 'output',
  },
  {
    name: 'mariadb',
    language: 'C++',
    exec: 'mariadbd --user=mysql --init-file=/cfg/init.sql --log-warnings=9',
    binds: '3306',
    lines: ['Tmpfs=/run/mysqld:mode=1777'],
    client: 'mariadb -h 127.0.0.1 -P $PORT -u guest -e "select user()"',
    expect: /guest@localhost|guest@127\.0\.0\.1/,
    says: '',
  },
  {
    name: 'mosquitto',
    language: 'C',
    exec: 'mosquitto',
    binds: '1883',
    client: 'mosquitto_pub -h 127.0.0.1 -p $PORT -t t -m hello -d',
    expect: /received CONNACK \(0\)/,
    says: '\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test',
    tells: 'output',
  },
  {
    name: 'nats-server',
    language: 'Go',
    exec: 'nats-server',
    binds: '4222',
    client: `bash -c 'exec 3<>/dev/tcp/127.0.0.1/$PORT; read -r line <&3; echo $line'`,
    expect: /"client_ip":"127\.0\.0\.1"/,
    says: '',
    tells: 'answer',
  },
  {
    name: 'etcd',
    language: 'Go',
    exec: 'etcd --data-dir /tmp/etcd --listen-client-urls http://0.0.0.0:2379 --advertise-client-urls http://127.0.0.1:2379',
    binds: '2379',
    client: `${HTTP}version`,
    expect: /etcdserver/,
    says: 'GET /version HTTP/1.0\r\n\r\n',
  },
  { name: 'prometheus-node-exporter', language: 'Go', exec: 'prometheus-node-exporter', binds: '9100', client: HTTP, expect: /Node Exporter/ },
  { name: 'python3 http.server', language: 'Python', exec: 'python3 -u -m http.server 80 -d /etc', binds: '80', client: `${HTTP}hostname`, expect: /./, tells: 'output' },
  { name: 'gunicorn', language: 'Python', exec: 'gunicorn -b 0.0.0.0:80 -w 2 --chdir /cfg app:wsgi', binds: '80', client: HTTP, expect: /sees 127\.0\.0\.1/, tells: 'answer' },
  {
    name: 'uvicorn',
    language: 'Python',
    exec: 'uvicorn --host 0.0.0.0 --port 80 --app-dir /cfg app:asgi',
    binds: '80',
    client: HTTP,
    expect: /sees 127\.0\.0\.1/,
    tells: 'answer',
  },
  { name: 'aiohttp', language: 'Python', exec: 'python3 -u /cfg/app.py', binds: '80', client: HTTP, expect: /sees 127\.0\.0\.1/, tells: 'answer' },
  { name: 'node', language: 'JavaScript', exec: 'node /cfg/server.js', binds: '80', client: HTTP, expect: /sees .*127\.0\.0\.1/, tells: 'answer' },
  { name: 'node cluster', language: 'JavaScript', exec: 'node /cfg/cluster.js', binds: '8080', held: 8080, client: HTTP, expect: /sees .*127\.0\.0\.1/, tells: 'answer' },
  { name: 'java', language: 'Java', exec: 'java -m jdk.httpserver -b 0.0.0.0 -p 80 -d /etc', binds: '80', client: `${HTTP}hostname`, expect: /./, tells: 'output' },
  { name: 'ruby webrick', language: 'Ruby', exec: 'ruby -run -e httpd /etc -p 80', binds: '80', client: `${HTTP}hostname`, expect: /./, tells: 'output' },
  { name: 'perl HTTP::Daemon', language: 'Perl', exec: 'perl /cfg/daemon.pl', binds: '80', client: HTTP, expect: /sees 127\.0\.0\.1/, tells: 'answer' },
  {
    name: 'dnsmasq',
    language: 'C',
    kind: 'datagram',
    exec: 'dnsmasq -d -u root --no-resolv --log-queries --address=/test.example/192.0.2.7',
    binds: '53',
    client: DIG,
    expect: /192\.0\.2\.7/,
    says: DNS_QUERY,
    tells: 'output',
  },
  { name: 'unbound', language: 'C', kind: 'datagram', exec: 'unbound -d -c /cfg/unbound.conf', binds: '53', client: DIG, expect: /192\.0\.2\.7/, says: DNS_QUERY, tells: 'output' },
  {
    name: 'openssh',
    language: 'C',
    exec: '/usr/sbin/sshd -D -e -o LogLevel=VERBOSE',
    binds: '22',
    lines: ['Tmpfs=/run/sshd:mode=755'],
    client: 'ssh-keyscan -T 20 -p $PORT 127.0.0.1',
    expect: /ssh-ed25519/,
    says: '',
    tells: 'output',
  },
  {
    name: 'rsync',
    language: 'C',
    exec: 'rsync --daemon --no-detach --config=/cfg/rsyncd.conf',
    binds: '873',
    client: 'sh -c "rsync rsync://127.0.0.1:$PORT/etc/hostname /tmp/got && cat /tmp/got && echo got"',
    expect: /got/,
    says: '',
    tells: 'output',
  },
  {
    name: 'vsftpd',
    language: 'C',
    exec: '/usr/sbin/vsftpd -obackground=NO -olisten=YES -olisten_ipv6=NO -oanonymous_enable=YES',
    binds: '21',
    lines: ['Tmpfs=/var/run/vsftpd/empty'],
    client: PYTHON_MAIL('ftplib', `FTP().connect('127.0.0.1', int(os.environ['PORT']))`),
    expect: /vsFTPd/,
    says: '',
  },
  {
    name: 'postfix',
    language: 'C',
    exec: 'postfix start-fg',
    binds: '25',
    client: PYTHON_MAIL('smtplib', `SMTP('127.0.0.1', int(os.environ['PORT'])).ehlo()`),
    expect: /250|PIPELINING/,
    says: '',
  },
  {
    name: 'dovecot',
    language: 'C',
    exec: 'dovecot -F',
    binds: '143',
    client: PYTHON_MAIL('imaplib', `IMAP4('127.0.0.1', int(os.environ['PORT'])).capability()`),
    expect: /IMAP4rev1/i,
    says: '',
  },
  {
    name: 'inspircd',
    language: 'C++',
    exec: 'inspircd --nofork --runasroot',
    binds: '6667',
    client: `bash -c 'exec 3<>/dev/tcp/127.0.0.1/$PORT; printf "NICK n\\r\\nUSER u 0 * :u\\r\\nQUIT\\r\\n" >&3; cat <&3'`,
    expect: /127\.0\.0\.1|localhost|ERROR/,
    says: 'NICK n\r\nUSER u 0 * :u\r\n',
  },
  { name: 'transmission', language: 'C++', exec: 'transmission-daemon -f -g /tmp/transmission', binds: '9091', client: `${HTTP}transmission/rpc`, expect: /409|session-id/i },
  {
    name: 'snmpd',
    language: 'C',
    kind: 'datagram',
    exec: 'snmpd -f -Lo -a -C -c /cfg/snmpd.conf',
    binds: '161',
    client: 'snmpget -v2c -c public -On 127.0.0.1:$PORT .1.3.6.1.2.1.1.5.0',
    expect: /STRING/,
    says: '\x30\x29\x02\x01\x01\x04\x06public\xa0\x1c\x02\x04\x12\x34\x56\x78\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x05\x00\x05\x00',
    tells: 'output',
  },
  {
    name: 'nginx, one socket a worker',
    language: 'C',
    exec: `nginx -c /cfg/nginx-many.conf -g 'daemon off;'`,
    binds: '80',
    client: HTTP,
    expect: /sees 127\.0\.0\.1 on/,
    tells: 'answer',
  },
];
