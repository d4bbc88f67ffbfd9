#!/bin/bash
# P4 on two CPUs: what is lost on flows of peers that nobody touches while others are swapped. Runs as
# root in a guest; scripts/bench calls it, with the files that it has made in build/bench/files.
#
#     a: eth0 192.0.2.1, wg0 10.255.255.254, managed, with all the peers that come and go
#     b: eth0 192.0.2.2, wg0 10.255.0.1, the one peer of a that is really there
#
# Output, one line a measurement: flow BY SWAPS NANOSECONDS there SENT LOST GAP-MS back SENT LOST GAP-MS
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=guest.sh
. selftests/bench/guest.sh

[ $# = 3 ] || { echo 'usage: selftests/bench/smp.sh SWAPS SETCONFS RATE' >&2; exit 2; }
swaps=$1 setconfs=$2 rate=$3

nanoseconds() { date +%s%N; }

# --- P4: flows ------------------------------------------------------------------------------------

hosts_make() {
	ip netns add a
	ip netns add b
	ip -n a link add eth0 type veth peer name eth0 netns b
	ip -n a addr add 192.0.2.1/24 dev eth0
	ip -n b addr add 192.0.2.2/24 dev eth0
	ip -n a link set eth0 up
	ip -n b link set eth0 up
	interface_up a
	ip -n a route add 10.255.0.1/32 dev wg0 src 10.255.255.254
	ip -n b link add wg0 type wireguard
	in_side b $wg setconf wg0 $files/b.wg
	ip -n b addr add 10.255.0.1/32 dev wg0
	ip -n b link set wg0 up
	ip -n b route add 10.255.255.254/32 dev wg0
}

# The states of a that are swapped for each other differ in twenty peers, ten addresses and one
# endpoint; not in b. Each swap is a program of its own, as in swap.sh.
declare -A there=(
	[lbmesh]="$apply $files/flow-b.delta"
	[syncconf]="$wg syncconf wg0 $files/flow-1.wg"
	[setconf]="$wg setconf wg0 $files/flow-1.wg"
	[none]='/bin/busybox sleep 0.2'
)
declare -A back=(
	[lbmesh]="$apply $files/flow-b.back"
	[syncconf]="$wg syncconf wg0 $files/flow-0.wg"
	[setconf]="$wg setconf wg0 $files/flow-0.wg"
	[none]='/bin/busybox sleep 0.2'
)

# swap BY PAIRS: there and back again.
swap() {
	in_side a /bin/busybox sh -ec "i=0; while [ \$i -lt $2 ]; do
		${there[$1]} >/dev/null; ${back[$1]} >/dev/null; i=\$((i + 1)); done"
}

# flow_during BY SWAPS: the flow is there a second before the swaps and a second after them.
flow_during() {
	local by=$1 began took flow
	chroot $jail /bin/flow a 10.255.255.254 b 10.255.0.1 "$rate" >$jail/tmp/flow &
	flow=$!
	until grep -qs ready $jail/tmp/flow; do
		kill -0 $flow || die "$by: the flow does not begin"
		sleep 0.2
	done
	sleep 1
	began=$(nanoseconds)
	swap "$by" $(($2 / 2)) || die "$by: a swap has failed"
	took=$(($(nanoseconds) - began))
	sleep 1
	kill $flow
	wait $flow || die "$by: the flow has failed"
	echo "flow $by $2 $took $(tail -n 1 $jail/tmp/flow)"
}

flows() {
	hosts_make
	in_side a $apply $files/flow-a.lbmesh >/dev/null
	flow_during none 20
	flow_during lbmesh "$swaps"
	in_side a $wg show wg0 allowed-ips | sort >/tmp/lbmesh
	in_side a $apply flush >/dev/null
	in_side a $wg setconf wg0 $files/flow-0.wg
	in_side a $wg show wg0 allowed-ips | sort | cmp -s - /tmp/lbmesh ||
		die 'after the swaps WireGuard has something else than the file'
	flow_during none 20
	flow_during syncconf "$swaps"
	flow_during setconf "$setconfs"
	ip netns del a
	ip netns del b
}

modules_load
jail_make
flows
