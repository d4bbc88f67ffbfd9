#!/bin/bash
# P1, P2, P3 and P6 on the instruction clock: the same change of the same mesh by lbmesh and by
# WireGuard's own tools. Runs as root in a guest of one CPU; scripts/bench calls it, with the files
# that it has made in build/bench/files.
#
# Each side has a namespace with an interface wg0 that is up. A program is started for each change; what
# is measured is from its start to its end (timed.c). Before it counts it has run once, so that its
# pages are in memory. After each pair of changes both sides must have the same key, peers, endpoints and
# addresses, as wg shows them; else nothing was measured.
#
# Output, one line a measurement: CASE SIDE ROUND NANOSECONDS [what the program printed]
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=guest.sh
. selftests/bench/guest.sh

[ $# = 1 ] || { echo 'usage: selftests/bench/swap.sh ROUNDS' >&2; exit 2; }
rounds=$1

# time_it SIDE CASE ROUND COMMAND...: what COMMAND takes in SIDE. Round 0 is not told.
time_it() {
	local side=$1 case=$2 round=$3 ns
	shift 3
	ns=$(in_side "$side" $timed /tmp/out "$@") || die "$side: $case: $*"
	if [ "$round" != 0 ]; then echo "$case $side $round $ns $(head -n 1 $jail/tmp/out)"; fi
}

# fill CASE: from nothing to the mesh.
fill() {
	time_it ours "$1" 1 $apply $files/base.lbmesh
	time_it plain "$1" 1 $wg setconf wg0 $files/base.wg
	same "$1"
}

# there_and_back STATE CASE CASE: from the mesh to STATE, which is the first case, and back again.
there_and_back() {
	local state=$1 round
	for ((round = 0; round <= rounds; round++)); do
		time_it ours "$2" $round $apply "$files/$state.delta"
		time_it plain "$2" $round $wg syncconf wg0 "$files/$state.wg"
		same "$2"
		time_it ours "$3" $round $apply "$files/$state.back"
		time_it plain "$3" $round $wg syncconf wg0 $files/base.wg
		same "$3"
	done
}

# restate CASE KIND FILE...: states the whole, in the words of each FILE in turn; ours is of that KIND.
restate() {
	local case=$1 kind=$2 round file
	shift 2
	for ((round = 0; round <= rounds; round++)); do
		for file in "$@"; do
			time_it ours "$case" $round $apply "$files/$file.$kind"
			time_it plain "$case" $round $wg syncconf wg0 "$files/$file.wg"
			same "$case"
		done
	done
}

# One peer by the tool that states one peer, for what it is worth: nobody has to hold the rest.
one_peer() {
	local round port
	for ((round = 0; round <= rounds; round++)); do
		for port in 51821 51820; do
			time_it plain wg-set $round $wg set wg0 peer "$first" endpoint "198.18.0.1:$port"
		done
	done
	same one_peer
}

# What it costs to start each side's program and to ask the kernel one question.
program() {
	local round
	for ((round = 0; round <= rounds; round++)); do
		time_it ours program $round $apply $files/nothing.delta
		time_it plain program $round $wg show interfaces
	done
}

teardown() {
	time_it ours flush 1 $apply flush
	[ -z "$(in_side ours $wg show wg0 peers)" ] || die 'flush has left peers'
	time_it ours link-del 1 $ip link del wg0
	time_it plain link-del 1 $ip link del wg0
}

# The namespace goes with its interface, and nobody has flushed.
namespace_end() {
	local side ns
	interface_up ours
	interface_up plain
	fill refill
	for side in ours plain; do
		ns=$(chroot $jail $timed -n /tmp/out $ip netns del $side) || die "ip netns del $side"
		echo "namespace $side 1 $ns"
	done
}

modules_load
jail_make
ip netns add ours
ip netns add plain
interface_up ours
interface_up plain
first=$(awk '$1 == "PublicKey" { print $3; exit }' $jail/files/base.wg)

fill fill
program
there_and_back endpoint endpoint endpoint
one_peer
there_and_back address address address
there_and_back removed remove add
there_and_back moved move move
restate restate dump base
restate text lbmesh base
restate reorder dump reverse base
restate whole dump endpoint base
teardown
namespace_end
