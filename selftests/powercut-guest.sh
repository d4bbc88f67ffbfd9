#!/bin/bash
# Process 1 of the guest that selftests/powercut.sh boots and kills.
#
# Its disk is /dev/ubda, and the rest of its files are the host's, read-only. On its console it says
# "found N", the number that the last good state on the disk has (0: there is none, negative: it is not
# what it should be), "begin" when it starts to write, and "ack N" when N is said to be on disk.
# MODE check ends after the first; write goes on with selftests/powercut.c and its OPTIONS (with commas),
# and agent with lbd agent. The kernel's command line sets the variables in capitals.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
trap 'busybox poweroff -f' EXIT
state=/run/disk/state topology=/run/topology.json interface=lbm0

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
mkdir /run/disk
ln -s /proc/self/fd /dev/fd
exec <>/dev/tty0 >&0 2>&0
stty raw -echo
# By default ext4 writes a file's bytes before it renames it; what must hold is to hold without.
mount -t ext4 -o noauto_da_alloc /dev/ubda /run/disk

# shellcheck disable=SC2086
found() { "$POWERCUT" check ${OPTIONS//,/ } $state "$ACKNOWLEDGED" || true; }

# --- The agent -----------------------------------------------------------------------------------

peers=(zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk= Xf7dO2vUf2+ijuFdlp1bsOpTd01Ii9r53xxuASSz7yI=)

# topology_write N: its network is called after N; it has one peer if N is even, else two.
topology_write() {
	local hosts members
	hosts="{\"name\": \"a\", \"public-key\": \"$(</run/disk/a.pub)\", \"private-key-file\": \"/run/disk/a.key\"}"
	members='{"host": "a", "address": "100.64.1.1"}'
	for i in $(seq 0 $(($1 % 2))); do
		hosts+=", {\"name\": \"b$i\", \"public-key\": \"${peers[i]}\", \"endpoint\": \"192.0.2.$((i + 2)):51820\"}"
		members+=", {\"host\": \"b$i\", \"address\": \"100.64.1.$((i + 2))\"}"
	done
	cat >$topology.new <<-END
		{"version": 1, "hosts": [$hosts], "networks": [
		  {"id": 1, "name": "n$1", "cidr": "100.64.1.0/24", "members": [$members]}]}
	END
	mv $topology.new $topology
}

# agent_says TEXT: waits for a line of its log; what it says goes to the console as comments.
agent_says() {
	local line
	while read -r line <&3; do
		echo "# $line"
		case $line in *"$1"*) return ;; esac
	done
	echo "# it has ended, and never said: $1"
	return 1
}

agent_start() {
	exec 3< <(exec "$LBD" agent --topology $topology --host a --interface $interface --state $state 2>&1)
	agent=$!
}

# number_in_force: by the module: of the network's name, if the peers are those that go with it.
number_in_force() {
	local label number
	label=$("$LBCTL" networks --json | jq -r '.networks[0].label')
	number=${label#n}
	if [ "$(wg show $interface peers | wc -l)" = $((number % 2 + 1)) ]; then echo "$number"; else echo -1; fi
}

# agent_first: on an empty disk, with a topology.
agent_first() {
	echo found 0
	if [ ! -e /run/disk/a.pub ]; then
		(umask 077 && wg genkey >/run/disk/a.key)
		wg pubkey </run/disk/a.key >/run/disk/a.pub
		sync
	fi
	topology_write 1
	echo begin
	agent_start
	agent_says 'is on disk'
	echo ack 1
	number=1
}

# agent_again: with no topology, or with one that is refused.
agent_again() {
	if [ $((ACKNOWLEDGED % 2)) = 1 ]; then echo '{"version": 1, "hosts": [' >$topology; fi
	agent_start
	agent_says 'what is in force is the last good state'
	number=$(number_in_force)
	echo "found $number"
	[ "$number" -gt 0 ]
	echo begin
}

agent_run() {
	ip link set lo up
	# shellcheck disable=SC2046
	modprobe -q -a $(modinfo -F depends "$LBMESH_KO" | tr , ' ') || true
	insmod "$LBMESH_KO"
	if [ -e $state/last-good ]; then agent_again; else agent_first; fi
	agent_says ready
	while :; do
		number=$((number + 1))
		topology_write $number
		kill -HUP $agent
		agent_says 'is on disk'
		echo ack $number
	done
}

case $MODE in
check)
	echo "found $(found)"
	umount /run/disk
	;;
write)
	number=$(found)
	echo "found $number"
	[ "$number" -ge 0 ]
	# shellcheck disable=SC2086
	exec "$POWERCUT" write ${OPTIONS//,/ } $state $((number + 1))
	;;
agent) agent_run ;;
esac
