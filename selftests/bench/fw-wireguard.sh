#!/bin/bash
# P16: TCP through WireGuard, natively under User Mode Linux with its one CPU, and again on the instruction clock:
# what a second of that CPU brings over is what is measured. Runs as root in a guest; scripts/bench calls it, with
# the files that it has made in build/bench/fw-files.
#
#	plain-a ── plain-b	stock WireGuard
#	ours-a ─── ours-b	the same, with the module at both ends: gate, membership, connection tracking, a host
#				endpoint and three layers with a thousand rules each
#
# They take turns, in short ones, as other work on the machine comes and goes. In ours every packet is judged at both ends, and all but the first ones by the cache.
#
# Output, one line a measurement: wireguard SIDE ROUND BITS-A-SECOND; and what the gate and the cache have judged
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=fw-guest.sh
. selftests/bench/fw-guest.sh

[ $# = 2 ] || { echo 'usage: selftests/bench/fw-wireguard.sh ROUNDS SECONDS' >&2; exit 2; }
rounds=$1 seconds=$2

# Keys that guard nothing.
private_a=4MmFTuJrqVbpMTBBZSTaaOLJ5BEBVjSqtHvMqPwIf3Y=
private_b=mAjDyTDQqyPwZ5gxnJBGXIc2OEUvN8hNLBTLUzoLcWU=
public_a=$(wg pubkey <<<$private_a) public_b=$(wg pubkey <<<$private_b)

# host NAME NUMBER: one end, 192.0.2.NUMBER outside and 10.250.1.NUMBER inside.
host() {
	local name=$1 number=$2
	ip -n "$name" addr add "192.0.2.$number/24" dev eth0
	ip -n "$name" link set eth0 up
	ip -n "$name" link add wg0 type wireguard
	ip -n "$name" addr add "10.250.1.$number/24" dev wg0
	ip -n "$name" link set wg0 mtu 1420 up
}

# pair NAME: two ends with a wire between them.
pair() {
	ip netns add "$1-a"
	ip netns add "$1-b"
	ip -n "$1-a" link add eth0 type veth peer name eth0 netns "$1-b"
	host "$1-a" 1
	host "$1-b" 2
}

# plain NAME PRIVATE PUBLIC OTHER: WireGuard's own tool; NUMBER and OTHER are those of the two ends.
plain() {
	ip netns exec "$1" wg set wg0 listen-port 51820 private-key <(echo "$2") \
		peer "$3" endpoint "192.0.2.$4:51820" allowed-ips "10.250.1.$4/32"
}

# managed NAME PRIVATE PUBLIC NUMBER OTHER: ours; the last rule of the last layer allows what comes.
managed() {
	printf '%s\n' replace "device 1 wg0 51820 $2" 'network 1' here "member 1 10.250.1.$4/32" \
		"peer $3 192.0.2.$5:51820" "member 1 10.250.1.$5/32" >/tmp/mesh
	ip netns exec "$1" build/selftests/bench/apply /tmp/mesh >/dev/null
	ip netns exec "$1" $ours add host wg0 - $data/wireguard.rules >/dev/null
}

# stream SIDE ROUND
stream() {
	local bits
	bits=$(ip netns exec "$1-a" iperf3 -J -c 10.250.1.2 -t "$seconds" | jq .end.sum_received.bits_per_second)
	[ "$2" = 0 ] || printf 'wireguard %s %s %.0f\n' "$1" "$2" "$bits"
}

fw_modules_load
pair plain
pair ours
plain plain-a $private_a "$public_b" 2
plain plain-b $private_b "$public_a" 1
managed ours-a $private_a "$public_b" 1 2
managed ours-b $private_b "$public_a" 2 1
for name in plain ours; do ip netns exec $name-b iperf3 -s -D >/dev/null; done
sleep 1
for ((round = 0; round <= rounds; round++)); do
	# Who comes first in one round comes last in the next.
	if [ $((round % 2)) = 0 ]; then order='plain ours'; else order='ours plain'; fi
	for name in $order; do stream "$name" $round; done
done
echo "judged $(ip netns exec ours-b $ours stat)"
