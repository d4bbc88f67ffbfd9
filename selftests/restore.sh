#!/bin/bash
# What lbd agent --state keeps, and what a start makes of it when the topology is of no use.
#
# Runs as root in a guest, where LBMESH_KO names the module (scripts/uml sets it). Each test is a story of
# its own; its host, a namespace, begins as a machine does after a boot, and without any state. Prints one line a test; ends with "N passed, N failed, N skipped".
#
# The tests are called by name through tap_run; names of hosts and interfaces are single words.
# shellcheck disable=SC2317,SC2086
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR source=lib.sh
. selftests/lib.sh
# shellcheck source-path=SCRIPTDIR source=scenario.sh
. selftests/scenario.sh

# boot [HOST]: what a boot leaves of a host: its disk. Each test begins with it, and some come back to it.
boot() {
	local host=${1-h1}
	ip netns del $host 2>/dev/null || true
	ip netns add $host
	ip -n $host link set lo up
	: >"$log"
}

begin() {
	boot
	rm -rf "$state"
	topology_write h1 h2 h3
}

# agent [OPTION...]: in the background, until the end of the test.
agent() {
	ip netns exec h1 "$lbd" agent --topology "$topology" --host h1 --interface $interface "$@" >>"$log" 2>&1 &
	agent=$!
	trap 'agent_end' EXIT
}

agent_end() {
	kill -KILL $agent 2>/dev/null || true
	wait $agent 2>/dev/null || true
}

# agent_fails STATUS [OPTION...]: it ends by itself.
agent_fails() {
	local wanted=$1 status=0
	shift
	in_host h1 timeout 60 "$lbd" agent --topology "$topology" --host h1 --interface $interface "$@" >>"$log" 2>&1 || status=$?
	[ $status = "$wanted" ] || { echo "it ended with status $status"; cat "$log"; return 1; }
}

# says TEXT [TIMES]: within 30 s its log has TEXT, so often.
says() {
	local tries
	for ((tries = 0; tries < 300; tries++)); do
		if [ "$(grep -cF -- "$1" "$log")" -ge "${2-1}" ]; then return; fi
		sleep 0.1
	done
	echo "it does not say: $1"
	cat "$log"
	return 1
}

kept() { says "last good: generation $1 is on disk" && says ready; }
restored() { says "restoring $state/$1" && says 'what is in force is the last good state' && says ready; }

# peers_are HOST...: h1's, by WireGuard; its interface is up.
peers_are() {
	diff <(for host in "$@"; do public_key $host; done | sort) <(in_host h1 wg show $interface peers | sort) &&
		ip -n h1 -o link show dev $interface up | grep -q .
}

# first_start: a topology with h2 and h3 is in force, and on disk; then the agent is gone.
first_start() {
	begin
	agent --state "$state"
	kept 1
	agent_end
}

what_is_in_force_is_kept_for_its_owner_alone() {
	first_start
	[ "$(stat -c %a "$state" "$state/last-good" | tr '\n' ' ')" = '700 600 ' ]
	! grep -qF "$(<"$work/h1.key")" "$state/last-good"
}

a_start_without_a_topology_restores_what_was_in_force() {
	first_start
	boot
	rm "$topology"
	agent --state "$state"
	restored last-good
	peers_are h2 h3
	[ "$(generation h1)" = 1 ]
}

a_start_with_a_topology_that_is_refused_restores_what_was_in_force() {
	first_start
	boot
	echo '{"version": 1, "hosts": [' >"$topology"
	agent --state "$state"
	restored last-good
	peers_are h2 h3
}

a_start_with_a_topology_that_cannot_be_applied_restores_what_was_in_force() {
	first_start
	boot
	ip -n h1 link add other0 type dummy
	ip -n h1 link set other0 up
	sed -i s/100.64.2/100.64.9/ "$topology"
	ip -n h1 route add 100.64.9.0/24 dev other0
	agent --state "$state"
	restored last-good
	ip -n h1 link del other0
	says 'overlaps the route 100.64.9.0/24'
	peers_are h2 h3
}

after_a_restore_a_corrected_topology_is_applied_and_kept() {
	first_start
	boot
	rm "$topology"
	agent --state "$state"
	restored last-good
	topology_write h1 h2
	kill -HUP $agent
	says 'last good: generation 2 is on disk'
	peers_are h2
	agent_end
	boot
	rm "$topology"
	agent --state "$state"
	restored last-good
	peers_are h2
}

what_is_refused_is_not_kept() {
	begin
	agent --state "$state"
	kept 1
	cp "$state/last-good" "$work/before"
	echo '{"version": 1, "hosts": [' >"$topology"
	kill -HUP $agent
	says 'stays in force'
	cmp "$state/last-good" "$work/before"
}

a_topology_that_changes_nothing_here_is_kept_all_the_same() {
	begin
	agent --state "$state"
	kept 1
	echo >>"$topology"
	kill -HUP $agent
	says 'is on disk' 2
	says 'nothing to change'
	[ "$(generation h1)" = 1 ]
}

a_damaged_file_is_replaced_by_the_one_before() {
	begin
	agent --state "$state"
	kept 1
	topology_write h1 h2
	kill -HUP $agent
	says 'generation 2 is on disk'
	agent_end
	boot
	rm "$topology"
	truncate -s -1 "$state/last-good"
	agent --state "$state"
	restored last-good.old
	says 'warning: last-good: is damaged'
	peers_are h2 h3
	agent_end
	boot
	agent --state "$state"
	restored 'last-good,'
}

when_both_are_damaged_it_ends_and_says_what_to_do() {
	first_start
	boot
	rm "$topology"
	echo >"$state/last-good"
	echo >"$state/last-good.old"
	agent_fails 1 --state "$state"
	says "$state: what it holds is damaged; start with a topology that can be used, which replaces it"
	[ "$(generation h1)" = 0 ]
	! ip -n h1 link show dev $interface 2>/dev/null
}

the_state_of_another_host_is_not_applied() {
	begin
	boot h2
	ip netns exec h2 "$lbd" agent --topology "$topology" --host h2 --interface $interface --state "$state" >>"$log" 2>&1 &
	agent=$!
	trap 'agent_end' EXIT
	kept 1
	agent_end
	rm "$topology"
	agent_fails 1 --state "$state"
	says 'last-good: is of host "h2", not of "h1"'
	[ "$(generation h1)" = 0 ]
}

what_is_in_force_and_newer_is_not_undone() {
	begin
	agent --state "$state"
	kept 1
	cp -a "$state" "$work/older"
	topology_write h1 h2
	kill -HUP $agent
	says 'generation 2 is on disk'
	agent_end
	rm -r "$state"
	mv "$work/older" "$state"
	rm "$topology"
	agent_fails 1 --state "$state"
	says 'generation 2 is in force, and last-good has 1; left as it is'
	[ "$(generation h1)" = 2 ]
	peers_are h2
}

a_restart_without_a_topology_changes_nothing_of_what_is_in_force() {
	first_start
	rm "$topology"
	agent --state "$state"
	restored last-good
	says 'generation 1: in force already'
}

a_full_disk_costs_the_agent_nothing_but_a_warning_until_there_is_room() {
	begin
	mkdir -m 700 "$state"
	mount -t tmpfs -o size=64k,mode=700 tmpfs "$state"
	trap 'agent_end; umount "$state"' EXIT
	agent --state "$state"
	trap 'agent_end; umount "$state"' EXIT
	kept 1
	head -c 65536 /dev/zero >"$state/ballast" 2>/dev/null || true
	topology_write h1 h2
	kill -HUP $agent
	says 'warning: last good: generation 2 may not be on disk: No space left on device'
	peers_are h2
	rm "$state/ballast"
	kill -HUP $agent
	says 'generation 2 is on disk'
}

two_agents_do_not_share_a_directory() {
	begin
	agent --state "$state"
	kept 1
	agent_fails 5 --state "$state"
	says "$state: another agent keeps its state there"
}

without_the_option_a_start_without_a_topology_fails_as_ever() {
	begin
	rm "$topology"
	agent_fails 1
	[ ! -e "$state" ]
}

scenario_begin
state=$work/state log=$work/agent.log
# shellcheck disable=SC2046
modprobe -q -a wireguard dummy $(modinfo -F depends "$LBMESH_KO" | tr , ' ') || true
insmod "$LBMESH_KO"
for host in h1 h2 h3; do
	(umask 077 && wg genkey >"$work/$host.key")
	wg pubkey <"$work/$host.key" >"$work/$host.pub"
done
tap_run what_is_in_force_is_kept_for_its_owner_alone \
	a_start_without_a_topology_restores_what_was_in_force \
	a_start_with_a_topology_that_is_refused_restores_what_was_in_force \
	a_start_with_a_topology_that_cannot_be_applied_restores_what_was_in_force \
	after_a_restore_a_corrected_topology_is_applied_and_kept \
	what_is_refused_is_not_kept \
	a_topology_that_changes_nothing_here_is_kept_all_the_same \
	a_damaged_file_is_replaced_by_the_one_before \
	when_both_are_damaged_it_ends_and_says_what_to_do \
	the_state_of_another_host_is_not_applied \
	what_is_in_force_and_newer_is_not_undone \
	a_restart_without_a_topology_changes_nothing_of_what_is_in_force \
	a_full_disk_costs_the_agent_nothing_but_a_warning_until_there_is_room \
	two_agents_do_not_share_a_directory \
	without_the_option_a_start_without_a_topology_fails_as_ever
echo "$((tap_count - tap_failed)) passed, $tap_failed failed, 0 skipped"
[ $tap_failed = 0 ]
