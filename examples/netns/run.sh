#!/usr/bin/env bash
# Runs a command as the agent: in the namespace of up.sh, as a user without capabilities or a way to get
# any. Needs root, and gives it away.
#
#   ./run.sh curl -i http://api.example.com/
set -euo pipefail

NAME=${NAME:-sentinel}
AGENT_UID=${AGENT_UID:-10001}

fail() { echo "run.sh: $*" >&2; exit 1; }
[[ $EUID == 0 ]] || fail "needs root"
[[ $# -gt 0 ]] || fail "which command?"
[[ $AGENT_UID != 0 && $AGENT_UID != 1337 ]] || fail "the agent is neither root nor the proxy"
[[ -e /run/netns/$NAME ]] || fail "$NAME is not up: start up.sh"

exec ip netns exec "$NAME" setpriv --reuid "$AGENT_UID" --regid "$AGENT_UID" --clear-groups \
    --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all "$@"
