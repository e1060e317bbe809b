#!/usr/bin/env bash
# The rules of `sentinel compose`, in a namespace that an agent shares with its proxy; then what the agent
# tries. To be run below `unshare --net --mount --pid --fork --kill-child`. Prints as namespace.sh does.
set -euo pipefail

RULES=$1 TESTS=$2 TEMP=$3
WORLD=93.184.0.10

mount -t proc proc /proc
mkdir -p /run/netns
mount -t tmpfs none /run/netns
printf '127.0.0.1 localhost\n%s allowed.test denied.test\n%s rebound.t\n10.0.0.5 rebound.t\n10.9.0.5 private.test\n10.8.0.5 unnamed.test\n10.9.0.6 forbidden.test\n' \
    $WORLD $WORLD >"$TEMP/hosts"
mount --bind "$TEMP/hosts" /etc/hosts
# Docker's resolver is on the loopback, too.
echo "nameserver 127.0.0.11" >"$TEMP/resolv.conf"
mount --bind "$TEMP/resolv.conf" /etc/resolv.conf

ip link set lo up
ip netns add world
ip link add w0 type veth peer name w1 netns world
ip addr add 93.184.0.1/24 dev w0
ip addr add 10.0.0.1/24 dev w0
ip addr add 10.9.0.1/24 dev w0
ip addr add 10.8.0.1/24 dev w0
ip link set w0 up
ip route add default via $WORLD
ip -n world link set lo up
ip -n world addr add $WORLD/24 dev w1
ip -n world addr add 10.0.0.5/24 dev w1
ip -n world addr add 10.9.0.5/24 dev w1
ip -n world addr add 10.9.0.6/24 dev w1
ip -n world addr add 10.8.0.5/24 dev w1
ip -n world link set w1 up
ip netns exec world python3 "$TESTS/world.py" 0.0.0.0 10.0.0.5 >"$TEMP/world" &
world=$!
until grep -qs ready "$TEMP/world"; do kill -0 $world; sleep 0.1; done

nft -f "$RULES"
# Again, as it is when the holder of the namespace starts again.
nft -f "$RULES"

as() { setpriv --reuid "$1" --regid "$1" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "${@:2}"; }
install -d -m 0700 -o 1337 -g 1337 "$TEMP/run"
as 1337 "$SENTINEL" resolver 2>/dev/null &
# Its directory is not everybody's, so it is entered before.
(cd "$TEMP/run" && SOE_PROXY_PORT=15001 as 1337 "$SENTINEL" sidecar --soe "$POLICY" --filter "$FILTER" --envoy "$ENVOY" \
    --allow-private 10.8.0.0/24,10.9.0.0/24 --admin-socket "$TEMP/run/admin.sock") >"$TEMP/log" 2>"$TEMP/up.err" &
side=$!
until "$SENTINEL" sidecar --ready 2>/dev/null; do
    kill -0 $side 2>/dev/null || { cat "$TEMP/up.err" >&2; exit 1; }
    sleep 0.1
done

# INVARIANT: no deadline here is what makes a probe fail. Each only ends a script that hangs.
probe() {
    local name=$1 result
    shift
    result=$(timeout 120 setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --inh-caps=-all \
        --bounding-set=-all "$@" 2>&1 | tr '\n' ' ') || result="failed ($?) $result"
    echo "probe $name: $result"
}
web() { probe "$1" curl -sS -m 60 -w ' %{http_code}' "${@:2}"; }
open() { probe "$1" timeout 60 bash -c "exec 3<>$2 && echo -e 'GET / HTTP/1.1\r\nHost: denied.test\r\n\r\n' >&3 && head -c 12 <&3"; }

# An agent has its own servers, and may talk to them.
as 10001 perl -MSocket -e 'socket(my $s, PF_INET, SOCK_STREAM, 0); setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($s, sockaddr_in(8000, INADDR_ANY)) or die; listen($s, 5); while (accept(my $c, $s)) { print $c "own\n"; close $c }' &
own=$!
# And what Docker has on the loopback is not for it.
perl -MSocket -e 'socket(my $s, PF_INET, SOCK_DGRAM, 0); bind($s, sockaddr_in(40053, inet_aton("127.0.0.11"))) or die;
    while (recv($s, my $x, 512, 0)) { open(my $f, ">>", $ARGV[0]); print $f "world: docker\n" }' "$TEMP/world" &
docker=$!
# 8000 listens and 40053 is bound.
until grep -q ':1F40 00000000:0000 0A' /proc/net/tcp && grep -q ':9C75 ' /proc/net/udp; do
    kill -0 $own $docker
    sleep 0.1
done

web allowed http://allowed.test/
web denied http://denied.test/
web allowed-private http://private.test/
web unnamed http://unnamed.test/
web forbidden http://forbidden.test/
web rebound http://rebound.t:81/
web by-address "http://$WORLD/"
web tls -k https://allowed.test/
open smtp /dev/tcp/$WORLD/25
probe own bash -c 'head -c 3 </dev/tcp/127.0.0.1/8000'
probe udp bash -c "echo x >/dev/udp/$WORLD/443 && echo sent"
probe docker bash -c "echo x >/dev/udp/127.0.0.11/40053 && echo sent"
probe names getent ahostsv4 secret.evil.test
probe ipv6 bash -c "exec 3<>/dev/tcp/2606:4700::1111/80"
probe rules nft flush ruleset
probe proxy-uid setpriv --reuid 1337 true
probe key cat "$TEMP/run/envoy.yaml"
probe admin-socket curl -sS -m 2 --unix-socket "$TEMP/run/admin.sock" http://x/server_info
probe doctor "$SENTINEL" doctor --proxy --json --outside $WORLD --allow http://allowed.test/
# Whoever is outside reaches the agent, if a port of it is published, and gets its answer.
echo "probe inbound: $(ip netns exec world timeout 60 bash -c 'head -c 3 </dev/tcp/93.184.0.1/8000' 2>&1)"
# Without the rules, doctor says so.
nft delete table inet sentinel
probe doctor-without-rules "$SENTINEL" doctor --proxy --json --outside $WORLD
sed 's/^/saw: /' "$TEMP/world"
