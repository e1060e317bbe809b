#!/usr/bin/env bash
# A network namespace whose only way out is Envoy with our filter. Needs root.
#
#   POLICY=my-first-agent.soe.json ./up.sh          in one terminal; Ctrl-C takes everything down
#   ./run.sh curl http://api.example.com/           in another: the agent
#
#   agent's namespace            this machine
#   ┌──────────────────┐ veth   ┌──────────────────────────────────────────────┐
#   │ agent, uid 10001 ├────────┤ TCP, any address ─▶ 15001 Envoy, uid 1337 ───┼─▶ what was decided
#   │ no capabilities  │        │ UDP port 53      ─▶ 15053 sentinel resolver  │
#   └──────────────────┘        │ everything else  ─▶ refused                  │
#                               └──────────────────────────────────────────────┘
#
# The rules are on this side of the wire. An agent that became root in its namespace could change its
# own side, and would still have one wire that leads to Envoy.
set -euo pipefail

POLICY=${POLICY:?the policy, as JSON}
SENTINEL=${SENTINEL:-sentinel}
ENVOY=${ENVOY:-envoy}
# target/guest/wasm32-unknown-unknown/guest/sentinel_envoy.wasm of the repository.
FILTER=${FILTER:-/usr/share/sentinel/sentinel_envoy.wasm}
NAME=${NAME:-sentinel}
# More arguments for `sentinel sidecar`: --https tls-origination, --allow-private 10.1.0.0/16. A daemon is
# named by SOE_API_URL and SOE_API_KEY; if its address is not public, it has to stand in ALLOW_PRIVATE.
read -ra SIDECAR_ARGUMENTS <<<"${SIDECAR_ARGUMENTS:-}"
# The same networks for the firewall, with commas between them.
ALLOW_PRIVATE=${ALLOW_PRIVATE:-}

HERE=10.213.38.1
AGENT=10.213.38.2
PROXY_UID=1337
RUN=/run/sentinel-$NAME
# Names of interfaces have 15 characters at most.
WIRE=${NAME:0:12}-h

fail() { echo "up.sh: $*" >&2; exit 1; }
[[ $EUID == 0 ]] || fail "needs root"
[[ $NAME =~ ^[a-z][a-z0-9]*$ ]] || fail "NAME is letters and digits"
if ! command -v nft >/dev/null; then
    echo "up.sh: nft is not here, installing Debian's nftables" >&2
    apt-get install --yes nftables >&2 || fail "install nftables"
fi
[[ -r $FILTER ]] || fail "no filter at $FILTER: set FILTER"
ip netns list | grep -qw "$NAME" && fail "$NAME is up already"

children=()
down() {
    trap - EXIT INT TERM
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    wait || true
    nft delete table inet "sentinel_$NAME" 2>/dev/null || true
    ip link delete "$WIRE" 2>/dev/null || true
    ip netns delete "$NAME" 2>/dev/null || true
    rm -rf "$RUN" "/etc/netns/$NAME"
}
trap down EXIT
trap 'exit 0' INT TERM

# The rules first: the wire has them from its first packet on.
nft -f - <<RULES
table inet sentinel_$NAME {
    set not_public4 {
        type ipv4_addr; flags interval
        elements = { 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12,
            192.0.0.0/24, 192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15,
            198.51.100.0/24, 203.0.113.0/24, 224.0.0.0/4, 240.0.0.0/4 }
    }
    set allowed4 { type ipv4_addr; flags interval; auto-merge
        elements = { 127.0.0.0/8, $AGENT${ALLOW_PRIVATE:+, $ALLOW_PRIVATE} }
    }
    # Whatever address the agent meant. Where the request goes is decided by what it says.
    chain divert {
        type nat hook prerouting priority dstnat; policy accept;
        iifname != "$WIRE" return
        meta nfproto ipv4 udp dport 53 redirect to :15053
        meta nfproto ipv4 meta l4proto tcp redirect to :15001
    }
    chain arrive {
        type filter hook input priority filter - 10; policy accept;
        iifname != "$WIRE" return
        ip saddr $AGENT ip daddr $HERE tcp dport 15001 accept
        ip saddr $AGENT ip daddr $HERE udp dport 15053 accept
        reject with icmpx admin-prohibited
    }
    chain through {
        type filter hook forward priority filter - 10; policy accept;
        iifname "$WIRE" reject with icmpx admin-prohibited
        oifname "$WIRE" drop
    }
    # The proxy asks for names, and connects to what is public. A name may have several addresses, and
    # Envoy tries one after the other: here each of them is looked at.
    chain leave {
        type filter hook output priority filter - 10; policy accept;
        meta skuid != $PROXY_UID return
        oifname { "lo", "$WIRE" } accept
        udp dport 53 accept
        ip daddr @allowed4 accept
        ip daddr @not_public4 reject with icmpx admin-prohibited
        meta nfproto ipv6 reject with icmpx admin-prohibited
    }
}
RULES

ip netns add "$NAME"
ip link add "$WIRE" type veth peer name out netns "$NAME"
# Nothing here speaks IPv6. A kernel without it has nothing to switch off.
sysctl -qw "net.ipv6.conf.$WIRE.disable_ipv6=1" 2>/dev/null || [[ ! -e /proc/sys/net/ipv6 ]]
ip netns exec "$NAME" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 2>/dev/null || [[ ! -e /proc/sys/net/ipv6 ]]
ip addr add "$HERE/30" dev "$WIRE"
ip link set "$WIRE" up
ip -n "$NAME" link set lo up
ip -n "$NAME" addr add "$AGENT/30" dev out
ip -n "$NAME" link set out up
ip -n "$NAME" route add default via "$HERE"
# `ip netns exec` puts this in the place of /etc/resolv.conf.
mkdir -p "/etc/netns/$NAME"
echo "nameserver $HERE" >"/etc/netns/$NAME/resolv.conf"

# The proxy is nobody else's uid, and its directory nobody else's.
install -d -m 0700 -o "$PROXY_UID" -g "$PROXY_UID" "$RUN"
install -m 0400 -o "$PROXY_UID" "$POLICY" "$RUN/policy.soe.json"
install -m 0444 "$FILTER" "$RUN/filter.wasm"
as_proxy=(setpriv --reuid "$PROXY_UID" --regid "$PROXY_UID" --clear-groups --no-new-privs --bounding-set=-all)
"${as_proxy[@]}" "$SENTINEL" resolver --listen "$HERE:15053" &
children+=($!)
"${as_proxy[@]}" "$SENTINEL" sidecar --soe "$RUN/policy.soe.json" --filter "$RUN/filter.wasm" \
    --envoy "$ENVOY" --listen "$HERE" --admin-socket "$RUN/admin.sock" "${SIDECAR_ARGUMENTS[@]}" &
children+=($!)

for _ in {1..600}; do
    if "$SENTINEL" sidecar --ready 2>/dev/null; then
        echo "up: ./run.sh COMMAND"
        # Until one of them ends. Then nothing of it stays: without a proxy there is no way out.
        wait -n "${children[@]}" || true
        exit 1
    fi
    kill -0 "${children[-1]}" 2>/dev/null || fail "the proxy did not start"
    sleep 0.1
done
fail "the proxy is not ready"
