#!/bin/bash
# P10 to P12 on the instruction clock: loading rules and changing one, a scan, and what makes 100,000 cached
# verdicts stale. Runs as root in a guest of one CPU; scripts/bench calls it, with the files that it has made in
# build/bench/fw-files.
#
# Loads and changes are programs, started from memory (guest.sh) on both sides; each has run before it counts, but
# for loads of many rules.
#
# Output, one line a measurement:
#	load|change SIDE RULES ROUND NANOSECONDS
#	scan WHAT ROUND NANOSECONDS PACKETS
#	legitimate HITS PACKETS
#	stale WHAT ROUND NANOSECONDS, and what was cached or served
#	flush WHAT ROUND NANOSECONDS ENTRIES
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=fw-guest.sh
. selftests/bench/fw-guest.sh

[ $# -ge 4 ] || { echo 'usage: selftests/bench/fw-changes.sh ROUNDS CHANGED FLOWS RULES...' >&2; exit 2; }
rounds=$1 changed=$2 flows=$3
shift 3

# in_jail COMMAND...: prints nanoseconds; what COMMAND prints is in $jail/tmp/out.
in_jail() { in_side fw $timed /tmp/out "$@"; }

# --- P10 ------------------------------------------------------------------------------------------

# load_one SIDE RULES ROUND
load_one() {
	local side=$1 rules=$2 ns
	if [ "$side" = host ]; then
		ns=$(in_jail /bin/fw-apply replace host va - "$files/$rules.rules") || die "$rules rules do not load"
		in_fw $ours flush
	else
		ns=$(in_jail /bin/nft -f "$files/$rules.$side") || die "$side: $rules rules do not load"
		if [ "$rules" = "$changed" ] && [ "$3" = 1 ]; then change_nft "$side"; fi
		in_fw nft delete table ip fw
	fi
	settle "$rules"
	if [ "$3" != 0 ]; then echo "load $side $rules $3 $ns"; fi
}

# The more there are the longer it takes, and the less does chance count. More than 10,000 are for ours alone.
loads() {
	local rules=$1 side round last
	for side in host linear concat hash; do
		[ $side = host ] || [ "$rules" -le 10000 ] || continue
		last=$((rules < 10000 ? rounds : 1))
		for ((round = rules < 10000 ? 0 : 1; round <= last; round++)); do
			load_one $side "$rules" $round
		done
	done
}

# time_change SIDE ROUND COMMAND...
time_change() {
	local side=$1 round=$2 ns
	shift 2
	ns=$(in_jail "$@") || die "$side: $*"
	if [ "$round" != 0 ]; then echo "change $side $changed $round $ns"; fi
}

# Of one rule the ports change, and back again; and a program that only asks.
change_ours() {
	local round
	contender host "$changed"
	for ((round = 0; round <= rounds; round++)); do
		time_change host $round /bin/fw-apply change "$files/ports.rules"
		time_change host $round /bin/fw-apply change "$files/same.rules"
		time_change program $round /bin/fw-apply stat
	done
	contender_end host
}

# change_nft SIDE: by loading all of it again, or by one element for another.
change_nft() {
	local round
	case $1 in
	linear) time_change linear 1 /bin/nft -f "$files/$changed.reload" ;;
	concat)
		for round in 0 1; do
			time_change element $round /bin/nft -f $files/ports.nft
			time_change element $round /bin/nft -f $files/same.nft
		done
		;;
	esac
}

# --- P11 ------------------------------------------------------------------------------------------

# scan WHAT: random tuples, each once.
scan() {
	local what=$1 round=0 ns
	packets va time 5000 $((rounds + 1)) $data/scan.tuples >/tmp/rounds
	while read -r ns _; do
		[ $round = 0 ] || echo "scan $what $round $ns 5000"
		round=$((round + 1))
	done </tmp/rounds
}

# What no rule is about is denied, so that a scan leaves nothing in connection tracking.
scans() {
	local before after
	in_fw nft 'add table ip fw; add chain ip fw input { type filter hook input priority 0; policy drop; }'
	scan drop
	in_fw nft delete table ip fw
	contender host 1000
	scan on
	cache_size 0
	scan off
	cache_size 4096
	packets va establish $data/legitimate.tuples
	packets va establish $data/legitimate.tuples
	read -ra before < <(cache_count)
	packets va time 20000 1 $data/mixed.tuples >/dev/null
	read -ra after < <(cache_count)
	echo "legitimate $((after[1] - before[1])) 2000"
	contender_end host
}

# --- P12 ------------------------------------------------------------------------------------------

# commit WHAT ROUND FILE: from the message's sending to its result.
commit() {
	local handler worker
	in_jail /bin/fw-apply change "$files/$3" >/dev/null
	read -r _ _ _ handler _ worker _ <$jail/tmp/out
	echo "stale $1 $2 $((handler + worker))"
}

# served WHAT ROUND: how many of the flows are let through now, and how many by the cache.
served() {
	local before after delivered
	read -ra before < <(cache_count)
	read -r _ delivered < <(packets va time "$flows" 1 $data/flows.tuples)
	read -ra after < <(cache_count)
	echo "served $1 $2 $delivered $((after[1] - before[1])) $((after[3] - before[3])) $flows"
}

# The same commit, with the flows' verdicts cached and with nothing cached.
stale() {
	local round
	contender host 1000
	cache_size 262144
	for ((round = 1; round <= rounds && round <= 2; round++)); do
		packets va establish $data/flows.tuples
		packets va time $((4 * flows)) 1 $data/flows.tuples >/dev/null
		served before $round
		commit cached $round denied.rules
		served denied $round
		commit cached $round allowed.rules
		served allowed $round
		# Another size is an empty cache.
		cache_size 4096
		cache_size 262144
		commit empty $round denied.rules
		commit empty $round allowed.rules
	done
	contender_end host
	cache_size 4096
}

flush_connections() {
	local round entries ns
	for ((round = 1; round <= rounds && round <= 2; round++)); do
		packets va time "$flows" 1 $data/flows.tuples >/dev/null
		entries=$(in_fw sysctl -n net.netfilter.nf_conntrack_count)
		ns=$(in_jail /bin/conntrack -F 2>/dev/null) || die 'conntrack -F'
		echo "flush full $round $ns $entries"
		ns=$(in_jail /bin/conntrack -F 2>/dev/null) || die 'conntrack -F'
		echo "flush none $round $ns $(in_fw sysctl -n net.netfilter.nf_conntrack_count)"
	done
}

fw_modules_load
jail_make
network_make
for rules; do loads "$rules"; done
change_ours
conntrack_on
scans
stale
flush_connections
