#!/bin/bash
# P7 to P9: what a packet costs with a firewall in its way, ours or another with the same rules. Runs as root in a
# guest of one CPU, on the instruction clock or natively; scripts/bench calls it, with the files that it has
# made in build/bench/fw-files.
#
# The packet is of a UDP flow that connection tracking knows as established, and matches the last rule of the
# last layer. Before a contender counts it must give a sample of packets the verdicts that the rules mean.
#
# Output, one line a measurement:
#	packet CONTENDER RULES ROUND NANOSECONDS PACKETS DELIVERED
#	cache WHAT RULES HITS MISSES PACKETS
#	verdicts CONTENDER RULES SAMPLES ALLOWED
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=fw-guest.sh
. selftests/bench/fw-guest.sh

[ $# -ge 3 ] || { echo 'usage: selftests/bench/fw-packets.sh ROUNDS PACKETS RULES...' >&2; exit 2; }
rounds=$1 many=$2
shift 2

# measure NAME RULES COUNT TUPLES [INTERFACE]: COUNT packets of the contender in force, in each round.
measure() {
	local name=$1 rules=$2 count=$3 tuples=$4 interface=${5-va} round=0 ns delivered
	packets "$interface" time "$count" $((rounds + 1)) "$tuples" >/tmp/rounds
	while read -r ns delivered; do
		# The first one warms up.
		[ $round = 0 ] || echo "packet $name $rules $round $ns $count $delivered"
		round=$((round + 1))
	done </tmp/rounds
}

# verdicts NAME RULES: of the contender in force; ours three times, from the rules and from the cache.
verdicts() {
	local times=1 time
	[ -e "$data/$2.want" ] || return 0
	if [ "$1" = host ]; then times=3; fi
	for ((time = 0; time < times; time++)); do
		packets va verdicts "$data/$2.tuples" >/tmp/verdicts
		cmp -s /tmp/verdicts "$data/$2.want" ||
			die "$1 with $2 rules: not what the rules mean: $(diff /tmp/verdicts "$data/$2.want")"
	done
	echo "verdicts $1 $2 $(wc -l <"$data/$2.tuples") $(tr -d '\n-' </tmp/verdicts | wc -c)"
}

# one NAME RULES COUNT: a contender, from coming to going.
one() {
	contender "$1" "$2"
	# Other rules, other verdicts.
	if [ "$1" != hash ]; then verdicts "$1" "$2"; fi
	measure "$1" "$2" "$3" $data/one.tuples
	contender_end "$1"
}

# ours NAME RULES COUNT TUPLES [INTERFACE]: what is in force, and what the cache says of it.
ours() {
	local name=$1 rules=$2 count=$3 before after
	read -ra before < <(cache_count)
	measure "$@"
	read -ra after < <(cache_count)
	echo "cache $name $rules $((after[1] - before[1])) $((after[2] - before[2])) $((count * (rounds + 1)))"
}

hit() {
	contender host "$1"
	verdicts host "$1"
	packets va establish $data/one.tuples
	packets va time 64 1 $data/one.tuples >/dev/null
	ours hit "$1" "$many" $data/one.tuples
	contender_end host
}

# Replies go before the endpoint comes: of one behind vb they would be spoofed. What does not pass vb is judged by
# nobody, and comes by the hook.
hit_sandbox() {
	packets vb establish $data/out.tuples
	measure forward 0 "$many" $data/out.tuples vb
	contender sandbox "$1"
	packets vb time 64 1 $data/out.tuples >/dev/null
	ours sandbox "$1" "$many" $data/out.tuples vb
	measure elsewhere 0 "$many" $data/one.tuples
	contender_end sandbox
}

# With the cache off.
miss() {
	contender host "$1"
	cache_size 0
	ours miss "$1" "$many" $data/one.tuples
	cache_size 4096
	contender_end host
}

baselines() {
	one none 0 "$many"
	one empty 0 "$many"
	conntrack_on
	packets va establish $data/one.tuples
	one conntrack 0 "$many"
	one state 0 "$many"
}

# all RULES: those with that many. A packet past 100,000 rules one by one is as much work as 5,000 others.
all() {
	local rules=$1 name
	for name in linear optimized concat hash; do
		[ -e "$data/$rules.$name" ] || continue
		case $name in
		linear | optimized) one $name "$rules" $((rules < 200 ? many : rules < 100000 ? many * 200 / rules : 4)) ;;
		*) one $name "$rules" "$many" ;;
		esac
	done
	hit "$rules"
	miss "$rules"
}

fw_modules_load
ip -all netns delete
network_make
grep -q avx2 /proc/cpuinfo && echo 'cpu avx2' || echo 'cpu plain'
baselines
for rules; do all "$rules"; done
hit_sandbox "$1"
# The last: once its rules have been loaded, iptables is in the way of every packet for good.
for rules; do
	[ ! -e "$data/$rules.ipset" ] || one ipset "$rules" "$many"
done
