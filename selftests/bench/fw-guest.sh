# shellcheck shell=bash
# What the benchmarks of the firewall share inside a guest: the way of the measured packets, and contenders
# that come and go. Sourced by selftests/bench/fw-packets.sh and fw-changes.sh, never run.
#
#	 box                     fw, the namespace of the firewall
#	 fw-send ── eth0 ────── va     to 10/8:          local, to a port at which nobody is
#	         └─ eth1 ────── vb     to 203.0.113/24:  forwarded to out0, which forgets
#
# No ICMP error nor RST follows: there is no way back.

# shellcheck disable=SC2034
jail_files=build/bench/fw-files jail_programs='nft ipset conntrack'
# shellcheck source-path=SCRIPTDIR source=guest.sh
. selftests/bench/guest.sh
in_force=0
send=build/selftests/bench/fw-send
ours=build/selftests/bench/fw-apply
data=build/bench/fw-files

# User Mode Linux has them built in.
fw_modules_load() {
	if [ -d "/lib/modules/$(uname -r)/kernel" ]; then
		modprobe -a veth dummy nf_tables nf_conntrack nf_conntrack_netlink nft_ct ip_tables iptable_filter \
			xt_tcpudp xt_set ip_set_hash_netportnet ip_set_hash_netnet nf_defrag_ipv6
		modules_load
	else
		[ -d /sys/module/lbmesh ] || insmod "$LBMESH_KO"
	fi
	echo 262144 >/sys/module/nf_conntrack/parameters/hashsize
	sysctl -qw net.netfilter.nf_conntrack_max=1048576
}

in_fw() { ip netns exec fw "$@"; }

network_make() {
	ip netns add fw
	ip netns add box
	ip netns exec box sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	in_fw sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv4.ip_forward=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv4.conf.default.accept_local=1
	ip -n fw link add va type veth peer name eth0 netns box
	ip -n fw link add vb type veth peer name eth1 netns box
	ip -n fw link add out0 type dummy
	ip -n box link set eth0 up
	ip -n box link set eth1 up
	ip -n fw link set va up
	ip -n fw link set vb up
	ip -n fw link set out0 up
	ip -n fw link set lo up
	ip -n fw route add local 10.0.0.0/8 dev lo
	ip -n fw route add 203.0.113.0/24 dev out0
}

# packets INTERFACE COMMAND...: fw-send towards va or vb.
packets() {
	local near=$1 far=eth0
	shift
	if [ "$near" = vb ]; then far=eth1; fi
	in_fw $send box $far "$(in_fw cat /sys/class/net/"$near"/address)" "$@"
}

# conntrack_on: for all packets, and no rule asks for it where they come by.
conntrack_on() {
	in_fw nft -f - <<-END
		table ip tracking {
			chain output {
				type filter hook output priority 0;
				ct state established accept
			}
		}
	END
	in_fw sysctl -qw net.netfilter.nf_conntrack_udp_timeout=100000 \
		net.netfilter.nf_conntrack_udp_timeout_stream=100000
}

# chain RULE: one chain at input that accepts, with one rule or none.
chain() { in_fw nft "add table ip fw; add chain ip fw input { type filter hook input priority 0; }${1:+; add rule ip fw input $1}"; }

# contender NAME RULES: puts one in force in fw; RULES is how many.
contender() {
	in_force=$2
	case $1 in
	none | conntrack) ;;
	empty) chain '' ;;
	state) chain 'ct state established,related accept' ;;
	linear | optimized | concat | hash) in_fw nft -f "$data/$2.$1" ;;
	ipset)
		in_fw ipset restore <"$data/$2.ipset"
		in_fw iptables-legacy-restore <"$data/$2.iptables"
		;;
	host) in_fw $ours replace host va - "$data/$2.rules" >/dev/null ;;
	sandbox) in_fw $ours replace sandbox vb 100.127.1.7 "$data/$2.rules" >/dev/null ;;
	esac
}

# settle RULES: many rules are freed in the background, which must not go on while others are measured.
settle() { sleep $(($1 / 50000 + ($1 > 1000))).1; }

# contender_end NAME: takes it away again.
contender_end() {
	case $1 in
	none | conntrack) ;;
	ipset)
		in_fw iptables-legacy -F INPUT
		in_fw iptables-legacy -P INPUT ACCEPT
		in_fw ipset destroy
		;;
	host | sandbox) in_fw $ours flush ;;
	*) in_fw nft delete table ip fw ;;
	esac
	settle "$in_force"
}

# cache_size ENTRIES: of the verdict cache; 0 is off. Another size is an empty cache.
cache_size() { in_fw $ours cache "$1"; }

# cache_count: entries, hits, misses, stale and evictions so far.
cache_count() { in_fw $ours stat; }
