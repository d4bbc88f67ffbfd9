#!/bin/bash
# Makes the files that the benchmarks of the firewall read, in build/bench/fw-files: the same rules in the words of
# each contender, packets, and what is changed. Runs on the host; scripts/bench calls it.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ $# -ge 3 ] || { echo 'usage: selftests/bench/fw-files.sh CHANGED FLOWS RULES...' >&2; exit 2; }
changed=$1 flows=$2
shift 2
here=selftests/bench
rm -rf build/bench/fw-files
mkdir -p build/bench/fw-files

# random_tuples COUNT: from anywhere to anywhere.
random_tuples() {
	awk -v count="$1" '
		function draw(below) { state = (state * 16807) % 2147483647; return int(state / 2147483647 * below) }
		BEGIN {
			state = 99
			for (i = 0; i < count; i++)
				print draw(2) ? "udp" : "tcp", "100." 64 + draw(64) "." draw(256) "." draw(256), 1 + draw(65535), \
					"10." draw(256) "." draw(256) "." draw(256), 1 + draw(65535)
		}'
}

# flows COUNT HOST: flows to where the last rule allows it, 50,000 from a host.
flows() {
	awk -v count="$1" -v host="$2" 'BEGIN {
		for (i = 0; i < count; i++)
			print "udp 100.127.1." host + int(i / 50000), 10000 + i % 50000, "10.250.1.9 8005"
	}'
}

# contenders RULES: pipapo takes 100 times as long to load for ten times the rules.
contenders() {
	local rules=$1 format
	awk -v count="$rules" -f "$here/fw-rules.awk" >"$rules.rules"
	for format in linear concat hash ipset iptables; do
		[ $format != concat ] || [ "$rules" -le 10000 ] || continue
		awk -v format=$format -f "$here/fw-format.awk" "$rules.rules" >"$rules.$format"
	done
	[ "$rules" -gt 10000 ] ||
		awk -v samples=500 -v "want=$rules.want" -f "$here/fw-tuples.awk" "$rules.rules" >"$rules.tuples"
}

# changes: one rule has other ports, or another action, and is as it was again.
changes() {
	local match='100.127.1.0/24 . 10.250.1.0/24 . udp .'
	tail -n 1 "$changed.rules" >same.rules
	sed 's/8015$/8014/' same.rules >ports.rules
	tail -n 1 1000.rules >allowed.rules
	sed 's/allow/deny/' allowed.rules >denied.rules
	{ echo 'delete table ip fw'; cat "$changed.linear"; } >"$changed.reload"
	printf '%s ip fw rules { %s 8000-%s }\n' 'delete element' "$match" 8015 'add element' "$match" '8014 : accept' >ports.nft
	printf '%s ip fw rules { %s 8000-%s }\n' 'delete element' "$match" 8014 'add element' "$match" '8015 : accept' >same.nft
}

here=$PWD/$here
cd build/bench/fw-files
for rules; do contenders "$rules"; done
changes
flows 1 7 >one.tuples
echo 'udp 100.127.1.7 10000 203.0.113.9 8005' >out.tuples
flows "$flows" 10 >flows.tuples
flows 100 9 >legitimate.tuples
random_tuples 60000 >scan.tuples
# One packet in ten is of a flow that somebody needs.
awk 'NR == FNR { flow[NR - 1] = $0; next }
	FNR > 18000 { exit }
	{ print }
	FNR % 9 == 0 { print flow[n++ % 100] }' legitimate.tuples scan.tuples >mixed.tuples
# In each layer a thousand, of which the very last is met.
awk -v count=3000 -f "$here/fw-rules.awk" | awk '
	{ $1 = int(($2 - 1) / 1000) + 1 }
	$2 == 3000 { $4 = "tcp"; $5 = $6 = "10.250.1.0/24"; $7 = 0; $8 = 65535 }
	{ print }' >wireguard.rules
