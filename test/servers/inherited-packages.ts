/** What the host of the whole table has beyond the ordinary one: servers and their clients from Debian. */
export const EXTRA = {
  name: 'servers',
  packages: [
    ...['apache2', 'nginx-light', 'lighttpd', 'haproxy', 'php-fpm', 'gunicorn', 'uwsgi-core', 'uwsgi-plugin-python3', 'fcgiwrap', 'libfcgi-bin', 'tang'],
    ...['mariadb-server', 'mariadb-client', 'redis-server', 'redis-tools', 'memcached', 'libmemcached-tools', 'dovecot-imapd', 'ngircd', 'sic'],
    ...['openssh-server', 'openssh-client', 'tinysshd', 'stunnel4', 'openssl', 'git', 'rsync', 'unbound', 'bind9-dnsutils'],
    ...['gpg', 'gpg-agent', 'gpgconf', 'dirmngr', 'cups-daemon', 'cups-client', 'sane-utils', 'pipewire', 'pipewire-bin', 'pipewire-pulse', 'pulseaudio-utils'],
    ...['systemd-journal-remote', 'rpcbind', 'uuid-runtime', 'erlang-base', 'python3'],
  ],
} as const;
