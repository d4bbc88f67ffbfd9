# shellcheck shell=bash
# The machines of the mesh scenario, for selftests/mesh.sh: hosts that are network namespaces, their
# keys, the topology file, `lbd agent` in each, and the flows that measure what a change costs.
#
# Sourced, never run; everything here must run as root, in a virtual machine. The caller sets
# -euo pipefail, and calls scenario_begin first. A host is a namespace of its name with one
# interface, eth0, on a bridge that lies in a namespace of its own ("wire"):
#
#     h1 ── eth0 192.0.2.1 ──┐
#     h2 ── eth0 192.0.2.2 ──┼── bridge in "wire"          overlay: lbm0 in each host
#     h3 ── eth0 192.0.2.3 ──┤   (the underlay)            blue  100.64.1.0/24   h1 h2 h3
#     h4 ── eth0 192.0.2.4 ──┘                             green 100.64.2.0/24   h1 h2
#
# The same hosts also form a plain WireGuard network for comparison: plain0, 10.98.0.0/24.

# What is tested; build/user is meson's build directory.
lbd=${LBD-build/user/userspace/lbd/lbd}
lbctl=${LBCTL-build/user/userspace/lbctl/lbctl}

port=51820
plain_port=51821
interface=lbm0
# Rates that an emulated CPU carries with ease: what is lost is lost by the change.
ping_interval=0.01
tcp_rate=500K

scenario_begin() {
	work=$(mktemp -d)
	topology=$work/topology.json
	declare -gA agents=()
	trap scenario_end EXIT
	ip netns add wire
	ip -n wire link add br0 type bridge stp_state 0 forward_delay 0
	ip -n wire link set br0 up
}

scenario_end() {
	local host
	for host in h1 h2 h3 h4; do agent_stop $host; done
	for host in h1 h2 h3 h4 wire; do ip netns del $host 2>/dev/null || true; done
	rm -rf "$work"
}

# in_host HOST COMMAND... (not in the background: $! would be a shell's process, not COMMAND's)
in_host() { local host=$1; shift; ip netns exec "$host" "$@"; }

number() { echo "${1#h}"; }
underlay() { echo "192.0.2.$(number "$1")"; }
blue() { echo "100.64.1.$(number "$1")"; }
green() { echo "100.64.2.$(number "$1")"; }
plain() { echo "10.98.0.$(number "$1")"; }
public_key() { cat "$work/$1.pub"; }

# host_create HOST: a namespace on the bridge, with keys that only root can read.
host_create() {
	local host=$1
	ip netns add "$host"
	ip -n "$host" link set lo up
	ip -n wire link add "$host" type veth peer name eth0 netns "$host"
	ip -n wire link set "$host" master br0 up
	ip -n "$host" addr add "$(underlay "$host")/24" dev eth0
	ip -n "$host" link set eth0 up
	(umask 077 && wg genkey >"$work/$host.key")
	wg pubkey <"$work/$host.key" >"$work/$host.pub"
}

# --- lbd ----------------------------------------------------------------------------------------

# topology_write HOST...: the file that every agent reads. Each named host is in blue; h1 and h2 are
# in green as well. Written whole and renamed, so that no agent reads half of it.
topology_write() {
	local host hosts='' blues='' greens=''
	for host in "$@"; do
		hosts+="${hosts:+,}
    {\"name\": \"$host\", \"public-key\": \"$(public_key "$host")\",
     \"private-key-file\": \"$work/$host.key\", \"endpoint\": \"$(underlay "$host"):$port\"}"
		blues+="${blues:+,}
      {\"host\": \"$host\", \"address\": \"$(blue "$host")\"}"
		case $host in
		h1 | h2)
			greens+="${greens:+,}
      {\"host\": \"$host\", \"address\": \"$(green "$host")\"}"
			;;
		esac
	done
	cat >"$topology.new" <<END
{
  "version": 1,
  "hosts": [$hosts
  ],
  "networks": [
    {"id": 1, "name": "blue", "cidr": "100.64.1.0/24", "members": [$blues]},
    {"id": 2, "name": "green", "cidr": "100.64.2.0/24", "members": [$greens]}
  ]
}
END
	mv "$topology.new" "$topology"
}

agent_start() {
	local host=$1
	ip netns exec "$host" "$lbd" agent --topology "$topology" --host "$host" --interface $interface \
		>>"$work/$host.log" 2>&1 </dev/null &
	agents[$host]=$!
}

# agent_stop HOST [SIGNAL]: what it has committed stays in the kernel.
agent_stop() {
	local pid=${agents[$1]-}
	if [ -n "$pid" ]; then
		kill "-${2:-TERM}" "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	fi
	unset "agents[$1]"
}

# generation HOST: the number of the generation in force there; 0 for none.
generation() { in_host "$1" "$lbctl" generation --json | jq -r .generation; }

# generation_after HOST NUMBER: waits until a later generation than NUMBER is in force there.
generation_after() {
	in_host "$1" "$lbctl" wait --generation $(($2 + 1)) --timeout 60 >/dev/null && return
	echo "$1: no generation after $2; its agent says:"
	tail -n 20 "$work/$1.log"
	return 1
}

# agents_follow HOST...: makes the agents of these hosts read the topology again, and waits until
# each has a new generation in force.
agents_follow() {
	local host -A before=()
	for host in "$@"; do
		before[$host]=$(generation "$host")
		kill -HUP "${agents[$host]}"
	done
	for host in "$@"; do generation_after "$host" "${before[$host]}" || return; done
}

# --- Looking at it --------------------------------------------------------------------------------

# reaches HOST ADDRESS [PING OPTION...]: a ping is answered within 20 s. When two hosts begin to shake
# hands at the same time, WireGuard tries again only after five seconds, on each side.
reaches() {
	local host=$1 address=$2
	shift 2
	in_host "$host" ping -n -q -c 1 -w 20 -i 0.2 "$@" "$address" >/dev/null 2>&1
}

# silent HOST ADDRESS [PING OPTION...]: sends five pings and wants no answer.
silent() {
	local host=$1 address=$2
	shift 2
	! in_host "$host" ping -n -q -c 5 -W 1 -i 0.2 "$@" "$address" >/dev/null 2>&1
}

# ping_matrix ADDRESS_OF HOST...: all pairs at once, once they have shaken hands; prints a table of
# round-trip times in milliseconds. ADDRESS_OF is blue or green. Fails if one pair has no answer.
ping_matrix() {
	local of=$1 from to missing=0
	local -a pids=()
	shift
	for from in "$@"; do
		for to in "$@"; do
			if [ "$from" = "$to" ]; then continue; fi
			{
				reaches "$from" "$($of "$to")" &&
					in_host "$from" ping -n -q -c 3 -i 0.2 -W 5 "$($of "$to")"
			} >"$work/matrix.$from.$to" 2>&1 &
			pids+=($!)
		done
	done
	wait "${pids[@]}" || true
	printf '%-12s' 'from \ to'
	printf '%12s' "$@"
	echo
	for from in "$@"; do
		printf '%-12s' "$from"
		for to in "$@"; do
			if [ "$from" = "$to" ]; then
				printf '%12s' .
			elif grep -q '^rtt ' "$work/matrix.$from.$to"; then
				printf '%9.1f ms' "$(sed -n 's|^rtt [^=]*= \([0-9.]*\)/.*|\1|p' "$work/matrix.$from.$to")"
			else
				printf '%12s' 'NO ANSWER'
				missing=1
			fi
		done
		echo
	done
	return $missing
}

# counter HOST PROTOCOL NAME: one of the host's counters, such as Icmp InEchos.
counter() {
	# shellcheck disable=SC2016
	in_host "$1" awk -v protocol="$2:" -v name="$3" '
		$1 != protocol { next }
		!seen { for (i = 1; i <= NF; i++) if ($i == name) seen = i; next }
		{ print $seen; exit }' /proc/net/snmp /proc/net/netstat
}

# --- A host that does not play by the rules ----------------------------------------------------------

# rogue_start: h4 is a member of blue, but its owner runs plain WireGuard there and no gate. It
# takes h1 for a router to everything.
rogue_start() {
	ip -n h4 link add rogue0 type wireguard
	in_host h4 wg set rogue0 private-key "$work/h4.key" listen-port $port \
		peer "$(public_key h1)" endpoint "$(underlay h1):$port" allowed-ips 100.64.0.0/16
	ip -n h4 addr add "$(blue h4)/32" dev rogue0
	ip -n h4 link set rogue0 up
	ip -n h4 route add 100.64.0.0/16 dev rogue0
}

rogue_stop() { ip -n h4 link del rogue0; }

# --- The same network by wg-quick ---------------------------------------------------------------------

# plain_write HOST...: each host's configuration file, as an administrator would write it.
plain_write() {
	local host peer
	mkdir -p "$work/plain"
	for host in "$@"; do
		mkdir -p "$work/plain/$host"
		{
			echo '[Interface]'
			echo "Address = $(plain "$host")/24"
			echo "ListenPort = $plain_port"
			echo "PrivateKey = $(cat "$work/$host.key")"
			for peer in "$@"; do
				if [ "$peer" = "$host" ]; then continue; fi
				echo '[Peer]'
				echo "PublicKey = $(public_key "$peer")"
				echo "Endpoint = $(underlay "$peer"):$plain_port"
				echo "AllowedIPs = $(plain "$peer")/32"
				echo 'PersistentKeepalive = 25'
			done
		} >"$work/plain/$host/plain0.conf.new"
		chmod 600 "$work/plain/$host/plain0.conf.new"
	done
}

# plain_up HOST...: brings the interface up from the new file, on all hosts at the same time.
# Prints what wg-quick had to say if it failed.
plain_up() {
	local host pid status=0
	local -a pids=()
	for host in "$@"; do
		(
			cd "$work/plain/$host" || exit
			if [ -e plain0.conf ]; then in_host "$host" wg-quick down "$PWD/plain0.conf"; fi
			mv plain0.conf.new plain0.conf
			in_host "$host" wg-quick up "$PWD/plain0.conf"
		) >"$work/plain.$host.log" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || status=1; done
	if [ $status != 0 ]; then cat "$work"/plain.h?.log; fi
	return $status
}

# plain_sync HOST...: as plain_up, by `wg syncconf`, which leaves the interface where it is.
plain_sync() {
	local host
	for host in "$@"; do
		mv "$work/plain/$host/plain0.conf.new" "$work/plain/$host/plain0.conf"
		wg-quick strip "$work/plain/$host/plain0.conf" >"$work/plain/$host/stripped"
		in_host "$host" wg syncconf plain0 "$work/plain/$host/stripped"
	done
}

plain_down() {
	in_host "$1" wg-quick down "$work/plain/$1/plain0.conf" >/dev/null 2>&1
	rm -f "$work/plain/$1/plain0.conf"
}

# --- What a change costs ------------------------------------------------------------------------------

# flows_during NAME ADDRESS COMMAND...: a ping and a TCP stream run from h1 to ADDRESS on h2, from two
# seconds before COMMAND until two seconds after it. Leaves under NAME: sent, lost, silence (the
# longest time between two answers, in ms), tcp_lost and tcp_needless (segments sent again because
# they were lost, and although they had arrived), tcp_state, change_ms. Fails if COMMAND fails.
declare -A sent lost silence tcp_lost tcp_needless tcp_state
flows_during() {
	local name=$1 address=$2 server ping tcp status=0 resent needless acked
	shift 2
	local answers=$work/$name.answers
	ip netns exec h2 iperf3 -s -1 -B "$address" >"$work/$name.server" 2>&1 &
	server=$!
	for _ in {1..100}; do
		if [ -n "$(in_host h2 ss -Htln "src $address")" ]; then break; fi
		sleep 0.1
	done
	ip netns exec h1 ping -n -D -i $ping_interval "$address" >"$answers" 2>&1 &
	ping=$!
	resent=$(tcp_sum Tcp RetransSegs) needless=$(tcp_sum TcpExt TCPDSACKRecv)
	ip netns exec h1 iperf3 -c "$address" -t 600 -b $tcp_rate -l 4K >"$work/$name.client" 2>&1 &
	tcp=$!
	sleep 2
	"$@" || status=1
	sleep 1
	acked=$(tcp_acked "$address")
	sleep 1
	tcp_state[$name]=flows
	if ! kill -0 $tcp 2>/dev/null; then
		tcp_state[$name]=broken
	elif [ "$(tcp_acked "$address")" -le "$acked" ]; then
		tcp_state[$name]=stands
	fi
	resent=$(($(tcp_sum Tcp RetransSegs) - resent))
	# What was sent again just now may have been there before; that answer is still on its way.
	sleep 0.5
	needless=$(($(tcp_sum TcpExt TCPDSACKRecv) - needless))
	tcp_needless[$name]=$((needless < resent ? needless : resent))
	tcp_lost[$name]=$((resent - tcp_needless[$name]))
	kill -INT $ping
	kill $tcp $server 2>/dev/null || true
	wait $ping $tcp $server 2>/dev/null || true
	pings_judge "$name" "$answers"
	return $status
}

# pings_judge NAME FILE: what was lost is what has no answer, but for the last two before the end: they
# may have been on their way.
pings_judge() {
	read -r "sent[$1]" "lost[$1]" "silence[$1]" < <(awk '
		/icmp_seq=[0-9]+ .*time=/ {
			now = substr($1, 2) + 0
			match($0, /icmp_seq=[0-9]+/)
			seq = substr($0, RSTART + 9, RLENGTH - 9) + 0
			if (!(seq in seen)) answered++
			seen[seq]
			if (seq > last) last = seq
			if (before && now - before > longest) longest = now - before
			before = now
		}
		/packets transmitted/ { sent = $1 }
		END {
			lost = last - answered
			if (sent - last > 2) lost += sent - last
			printf "%d %d %d\n", sent, lost, longest * 1000
		}' "$2")
}

# tcp_sum PROTOCOL NAME: a counter of the two ends of the stream. RetransSegs has the segments that
# were sent again; TCPDSACKRecv those of which the other end said that it had them already: on an
# emulated CPU an acknowledgement may come later than the sender is willing to wait (RFC 2883).
tcp_sum() { echo $(($(counter h1 "$@") + $(counter h2 "$@"))); }

# tcp_acked ADDRESS: bytes of the stream that its receiver has acknowledged.
tcp_acked() {
	in_host h1 ss -Htin "dst $1" |
		awk '{ for (i = 1; i <= NF; i++) if (sub(/^bytes_acked:/, "", $i)) sum += $i } END { print sum + 0 }'
}

# flows_table NAME=TITLE...: what flows_during found.
flows_table() {
	local row name format='%-34s %6s %5s %16s %9s %16s %11s\n'
	# shellcheck disable=SC2059
	printf "$format" 'the change, and how it was made' pings lost 'longest silence' 'TCP lost' 'sent needlessly' 'TCP stream'
	for row in "$@"; do
		name=${row%%=*}
		# shellcheck disable=SC2059
		printf "$format" "${row#*=}" "${sent[$name]}" "${lost[$name]}" "${silence[$name]} ms" \
			"${tcp_lost[$name]}" "${tcp_needless[$name]}" "${tcp_state[$name]}"
	done
}
