#!/bin/bash
# The mesh from end to end: three hosts, two networks, one `lbd agent` each; then what must not leak
# does not leak, and a fourth host comes and goes while a ping and a TCP stream run.
#
# Runs as root in a virtual machine, where LBMESH_KO names the module (scripts/vm sets it). Prints one
# line a test and ends with "N passed, N failed, N skipped"; with --talk it tells the same as a
# story, which is what scripts/demo shows; with --alone it leaves out what the same change costs on
# plain WireGuard, which need not be measured on every kernel. Its machines are in
# selftests/scenario.sh.
#
# Functions are called by name through check; names of hosts and interfaces are single words.
# shellcheck disable=SC2317,SC2086
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR source=scenario.sh
. selftests/scenario.sh

talk='' alone=''
case $#,${1-} in
0,) ;;
1,--talk) talk=yes ;;
1,--alone) alone=yes ;;
*)
	echo 'usage: selftests/mesh.sh [--talk | --alone]' >&2
	exit 2
	;;
esac

# --- Telling ------------------------------------------------------------------------------------------

passed=0 failed=0

# step TITLE: what comes next.
step() {
	if [ -n "$talk" ]; then
		printf '\n[%3d s] %s\n' $SECONDS "$1"
	else
		echo "# $1"
	fi
}

# show: passes text on, set off from the rest.
show() {
	if [ -n "$talk" ]; then sed 's/^/    /'; else sed 's/^/# /'; fi
}

# check SENTENCE COMMAND...: COMMAND decides whether the sentence is true. What it prints is shown only
# if it is not, and stays in $work/output.
check() {
	local sentence=$1 answer=yes result=ok
	shift
	if "$@" >"$work/output" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1)) answer=NO result='not ok'
	fi
	if [ -n "$talk" ]; then
		echo "    $answer: $sentence"
	else
		echo "$result $((passed + failed)) - $sentence"
	fi
	if [ $answer = NO ]; then
		show <"$work/output"
		return 1
	fi
}

# finish: the closing line; the status says whether all was true.
finish() {
	if [ -n "$talk" ]; then echo; fi
	echo "$passed passed, $failed failed, 0 skipped"
	[ $failed = 0 ]
	exit
}

# must SENTENCE COMMAND...: as check; nothing that follows makes sense without it.
must() { check "$@" || finish; }

# try SENTENCE COMMAND...: as check; the rest goes on.
try() { check "$@" || true; }

# --- What is checked ----------------------------------------------------------------------------------

# What is built into the kernel cannot be loaded, and is not missing.
load_module() {
	local module
	[ ! -d /sys/module/lbmesh ] || return 0
	for module in wireguard bridge veth $(modinfo -F depends "$LBMESH_KO" | tr , ' '); do
		modprobe -q "$module" || true
	done
	insmod "$LBMESH_KO"
}

keys_are_private() {
	local file
	for file in "$work"/h?.key; do [ "$(stat -c %a "$file")" = 600 ] || return; done
}

all_have_generations() {
	local host
	for host in h1 h2 h3; do generation_after $host 0 || return; done
}

peer_counts_are_two() {
	local host
	for host in h1 h2 h3; do
		[ "$(in_host $host wg show $interface peers | wc -l)" = 2 ] || return
	done
}

# allowed HOST: each peer's key with each of its AllowedIPs, as WireGuard has them, one pair a line.
allowed() {
	in_host "$1" wg show $interface allowed-ips |
		awk '{ for (i = 2; i <= NF; i++) print $1, $i }' | sort
}

# pairs HOST NETWORK...: as allowed prints them, HOST's addresses in each NETWORK.
pairs() {
	local host=$1 network
	shift
	for network in "$@"; do echo "$(public_key "$host") $($network "$host")/32"; done
}

# Exactly the addresses that are members of a network which both hosts are in.
allowed_ips_are_the_members() {
	diff <(allowed h1) <({ pairs h2 blue green && pairs h3 blue; } | sort) &&
		diff <(allowed h3) <({ pairs h1 blue && pairs h2 blue; } | sort)
}

# unheard FROM ADDRESS TO [PING OPTION...]: FROM pings ADDRESS; none of it arrives at TO.
unheard() {
	local from=$1 address=$2 to=$3 before
	shift 3
	before=$(counter "$to" Icmp InEchos)
	silent "$from" "$address" "$@" || { echo "$from got an answer from $address"; return 1; }
	[ "$(counter "$to" Icmp InEchos)" = "$before" ] || { echo "$to has heard it"; return 1; }
}

h3_cannot_reach_green() {
	ip -n h3 route add 100.64.2.0/24 dev $interface src "$(blue h3)" || return
	unheard h3 "$(green h1)" h1 || return
	unheard h3 "$(green h2)" h2 || return
	ip -n h3 route del 100.64.2.0/24 dev $interface
}

refused_by_gate() { in_host "$1" "$lbctl" generation --json | jq .gate.not_connected; }

rogue_cannot_reach_green() {
	local before
	before=$(refused_by_gate h1)
	unheard h4 "$(green h1)" h1 || return
	[ "$(refused_by_gate h1)" -ge $((before + 5)) ] || { echo "h1's gate has not counted them"; return 1; }
}

h1_does_not_route() {
	local before
	in_host h1 sysctl -qw net.ipv4.ip_forward=1
	before=$(counter h1 Ip ForwDatagrams)
	unheard h4 "$(green h2)" h2 || return
	[ "$(counter h1 Ip ForwDatagrams)" = "$before" ] || { echo 'h1 has forwarded it'; return 1; }
	in_host h1 sysctl -qw net.ipv4.ip_forward=0
}

# The rogue sends as if it were h2, in each network.
spoofs_are_unheard() {
	local of
	for of in blue green; do
		ip -n h4 addr add "$($of h2)/32" dev rogue0 || return
		unheard h4 "$($of h1)" h1 -I "$($of h2)" || return
		ip -n h4 addr del "$($of h2)/32" dev rogue0
	done
}

# A fourth host comes, is reached by all, and goes.
mesh_change() {
	local host
	topology_write h1 h2 h3 h4
	agent_start h4
	agents_follow h1 h2 h3 && generation_after h4 0 || return
	for host in h1 h2 h3; do
		reaches $host "$(blue h4)" || { echo "$host does not reach h4"; return 1; }
	done
	topology_write h1 h2 h3
	agents_follow h1 h2 h3 || return
	agent_stop h4
	silent h4 "$(blue h1)" || { echo 'h4 still has answers'; return 1; }
}

plain_change() {
	local how=$1
	plain_write h1 h2 h3 h4
	"plain_$how" h1 h2 h3 && plain_up h4 || return
	reaches h1 "$(plain h4)" || { echo 'h1 does not reach h4'; return 1; }
	plain_write h1 h2 h3
	"plain_$how" h1 h2 h3 && plain_down h4
}

nothing_lost() {
	echo "${lost[$1]} of ${sent[$1]} pings and ${tcp_lost[$1]} TCP segments lost; the TCP stream ${tcp_state[$1]}"
	[ "${sent[$1]}" -gt 0 ] && [ "${lost[$1]}" = 0 ] && [ "${tcp_lost[$1]}" = 0 ] &&
		[ "${tcp_state[$1]}" = flows ]
}

quiet_loses_nothing() { flows_during none "$(blue h2)" sleep 2 && nothing_lost none; }

something_lost() { [ "${lost[$1]}" -gt 0 ]; }

# log_has HOST TEXT LINES: its agent has written more than LINES lines with TEXT, within 30 s.
log_has() {
	local tries
	for ((tries = 0; tries < 300; tries++)); do
		if [ "$(grep -c -- "$2" "$work/$1.log")" -gt "$3" ]; then return; fi
		sleep 0.1
	done
	tail -n 20 "$work/$1.log"
	return 1
}

hangup_changes_nothing() {
	local before lines
	before=$(generation h1)
	lines=$(grep -c 'nothing to change' "$work/h1.log") || true
	kill -HUP "${agents[h1]}"
	log_has h1 'nothing to change' "$lines" && [ "$(generation h1)" = "$before" ]
}

# h3 is given h2's address.
clash_is_refused() {
	local before
	before=$(generation h1)
	cp "$topology" "$topology.good"
	sed -i "s|\"host\": \"h3\", \"address\": \"$(blue h3)\"|\"host\": \"h3\", \"address\": \"$(blue h2)\"|" "$topology"
	kill -HUP "${agents[h1]}"
	log_has h1 'networks\[0\].members\[2\].address' 0 && [ "$(generation h1)" = "$before" ] &&
		reaches h1 "$(blue h3)" || return
	mv "$topology.good" "$topology"
}

interface_is_the_same() {
	[ "$(in_host h1 cat /sys/class/net/$interface/ifindex)" = "$first_ifindex" ]
}

mesh_stands_without_agents() {
	local host
	for host in h1 h2 h3; do agent_stop $host KILL; done
	ping_matrix blue h1 h2 h3 && ping_matrix green h1 h2
}

new_agent_changes_nothing() {
	local before lines
	before=$(generation h1)
	lines=$(grep -c ready "$work/h1.log") || true
	agent_start h1
	log_has h1 ready "$lines" && [ "$(generation h1)" = "$before" ]
}

# mesh_table HOST...: who is where.
mesh_table() {
	local host format='%-6s %-12s %-14s %-14s %-12s %s\n'
	# shellcheck disable=SC2059
	printf "$format" host underlay blue green generation peers
	for host in "$@"; do
		# shellcheck disable=SC2059
		printf "$format" $host "$(underlay $host)" "$(address_in $host 1)" "$(address_in $host 2)" \
			"$(generation $host)" "$(in_host $host wg show $interface peers | wc -l)"
	done
}

# address_in HOST NETWORK: the host's own address in the network of this id, as the module has it.
address_in() {
	in_host "$1" "$lbctl" members --network "$2" --json |
		jq -r '[.members[] | select(.owner == "local").address] | .[0] // "-"'
}

# compare: what the same change costs on plain WireGuard, and that the measuring sees it.
compare() {
	step 'the same change of the same hosts on plain WireGuard'
	plain_write h1 h2 h3
	must 'the three hosts also form a plain WireGuard network by wg-quick' plain_up h1 h2 h3
	try 'a fourth host joins it and leaves, by wg-quick down and up' flows_during quick "$(plain h2)" plain_change up
	try 'this way of measuring sees what that loses' something_lost quick
	try 'a fourth host joins it and leaves, by wg syncconf' flows_during sync "$(plain h2)" plain_change sync
	step 'what was lost'
	flows_table none='none' lbmesh='one host more and less, lbmesh' \
		quick='  the same, wg-quick down and up' sync='  the same, wg syncconf' | show
}

# --- The story ----------------------------------------------------------------------------------------

scenario_begin
step "the machine: Linux $(uname -r), $(nproc) CPUs"
must 'the module loads' load_module

step 'four hosts on one wire, 192.0.2.0/24, each with its keys'
for host in h1 h2 h3 h4; do host_create $host; done
try 'only root can read the private keys' keys_are_private

step 'two networks, blue with h1 h2 h3 and green with h1 h2: lbd agent starts on each host'
topology_write h1 h2 h3
if [ -n "$talk" ]; then show <"$topology"; fi
for host in h1 h2 h3; do agent_start $host; done
must 'each agent has put a generation in force' all_have_generations
first_ifindex=$(in_host h1 cat /sys/class/net/$interface/ifindex)
mesh_table h1 h2 h3 | show
for host in h1 h3; do
	{
		echo "$host, lbctl members:"
		in_host $host "$lbctl" members
		echo "$host, lbctl peers:"
		in_host $host "$lbctl" peers
	} | show
done
try 'each host has exactly one peer for each other host' peer_counts_are_two
try 'the AllowedIPs of a peer are exactly its addresses in the networks that both are in' allowed_ips_are_the_members

step 'every pair pings, in each network'
try 'all pairs of blue reach each other' ping_matrix blue h1 h2 h3
show <"$work/output"
try 'all pairs of green reach each other' ping_matrix green h1 h2
show <"$work/output"

step 'the networks do not leak into each other'
try 'h3, which is only in blue, does not reach the green addresses of h1 and h2' h3_cannot_reach_green
topology_write h1 h2 h3 h4
must 'h4 joins blue; its owner runs plain WireGuard there, with no module and no rules' agents_follow h1 h2 h3
rogue_start
try 'h4 reaches h1 in blue, so what fails below fails for its reason' reaches h4 "$(blue h1)"
try 'h4 does not reach the green address of h1: the gate of h1 has dropped it and counted it' rogue_cannot_reach_green
try 'h1 is in both networks and forwards IP, and still does not route h4 into green' h1_does_not_route
try 'packets that h4 sends with the source addresses of h2 do not arrive' spoofs_are_unheard
rogue_stop
topology_write h1 h2 h3
must 'h4 leaves' agents_follow h1 h2 h3

step 'what a change costs: a ping at 100 Hz and a TCP stream from h1 to h2'
try 'with no change nothing is lost' quiet_loses_nothing
try 'a fourth host joins blue, is reached by all, and leaves, by lbmesh' flows_during lbmesh "$(blue h2)" mesh_change
try 'that loses no ping and no TCP segment' nothing_lost lbmesh
if [ -z "$alone" ]; then compare; fi

step 'restarts and refusals'
try 'SIGHUP with the same topology makes no new generation' hangup_changes_nothing
try 'a topology with one address for two hosts is refused with its path, and the mesh stays' clash_is_refused
try 'the interface is the one of the beginning: nothing took it down' interface_is_the_same
try 'the mesh stands while all agents are dead' mesh_stands_without_agents
try 'an agent that starts again finds its generation in force and changes nothing' new_agent_changes_nothing
finish
