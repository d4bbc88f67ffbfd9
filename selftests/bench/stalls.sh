#!/bin/bash
# P5: how long RTNL is kept while all peers are swapped for others. Runs as root in a guest, twice: on the
# instruction clock, where nothing else counts, and on two CPUs. scripts/bench calls it, with the files that
# it has made in build/bench/files.
#
# Output, one line a measurement: NAME BY ROUND NANOSECONDS LONGEST-NANOSECONDS ASKED
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=guest.sh
. selftests/bench/guest.sh

[ $# = 2 ] || { echo 'usage: selftests/bench/stalls.sh NAME ROUNDS' >&2; exit 2; }
name=$1 rounds=$2

nanoseconds() { date +%s%N; }

# stall_during BY ROUND COMMAND...
stall_during() {
	local by=$1 round=$2 began took stall
	shift 2
	chroot $jail /bin/stall probe0 >$jail/tmp/stall &
	stall=$!
	until grep -qs ready $jail/tmp/stall; do sleep 0.1; done
	began=$(nanoseconds)
	"$@" >/dev/null || die "$by: $*"
	took=$(($(nanoseconds) - began))
	kill $stall
	wait $stall || die "$by: the prober has failed"
	echo "$name $by $round $took $(tail -n 1 $jail/tmp/stall)"
}

# Every peer is swapped for another with the same address.
stalls() {
	local round state
	ip link add probe0 type dummy
	ip netns add ours
	ip netns add plain
	interface_up ours
	interface_up plain
	in_side ours $apply $files/base.lbmesh >/dev/null
	in_side plain $wg setconf wg0 $files/base.wg
	for ((round = 1; round <= rounds; round++)); do
		state=other
		if [ $((round % 2)) = 0 ]; then state=base; fi
		stall_during none "$round" sleep 5
		stall_during lbmesh "$round" in_side ours $apply $files/$state.lbmesh
		stall_during setconf "$round" in_side plain $wg setconf wg0 $files/$state.wg
		same "swap of all peers"
	done
	stall_during flush 1 in_side ours $apply flush
}

modules_load
jail_make
stalls
