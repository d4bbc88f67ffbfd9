# shellcheck shell=bash
# What the benchmarks share inside a guest: programs in memory, namespaces with an interface, and the
# comparison of both sides. Sourced by selftests/bench/swap.sh and smp.sh, never run.
#
# What is measured runs in a root of its own, which lies in memory and holds nothing else. A guest's
# other files come over a file system of the host, whose answers take time that is not ours.

jail=/tmp/jail
# Paths in it; those who source this use them.
# shellcheck disable=SC2034
timed=/bin/timed apply=/bin/apply wg=/bin/wg ip=/bin/ip files=/files
# What comes into it; who needs others says so before it sources this.
: "${jail_files:=build/bench/files}" "${jail_programs:=wg ip}"

die() { echo "${0##*/}: $*" >&2; exit 1; }

jail_make() {
	local file
	# Another script was here before, in the same guest.
	[ ! -d $jail ] || return 0
	mkdir -p $jail/{bin,tmp,proc,etc,dev,run/netns} /run/netns
	cp -r "$jail_files" $jail/files
	cp build/selftests/bench/{timed,apply,flow,stall,fw-apply} $jail/bin/
	for file in $jail_programs; do cp "$(command -v "$file")" "$jail/bin/$file"; done
	ldd $jail/bin/* | grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r file; do
		mkdir -p "$jail${file%/*}"
		cp "$file" "$jail$file"
	done
	# Linked to nothing.
	cp "$(command -v busybox)" $jail/bin/
	cp /etc/ld.so.cache $jail/etc/
	mount --bind /proc $jail/proc
	touch $jail/dev/null
	mount --bind /dev/null $jail/dev/null
	# As ip netns would do it; then namespaces come and go on both sides.
	mount --bind /run/netns /run/netns
	mount --make-shared /run/netns
	mount --bind /run/netns $jail/run/netns
}

# in_side SIDE COMMAND...: in that namespace, in the jail.
in_side() { local side=$1; shift; ip netns exec "$side" chroot $jail "$@"; }

# interface_up SIDE: makes its wg0, which has our address and is up.
interface_up() {
	ip -n "$1" link add wg0 type wireguard
	ip -n "$1" addr add 10.255.255.254/32 dev wg0
	ip -n "$1" link set wg0 up
}

modules_load() {
	# shellcheck disable=SC2046
	modprobe -a wireguard $(modinfo -F depends "$LBMESH_KO" | tr , ' ')
	[ -d /sys/module/lbmesh ] || insmod "$LBMESH_KO"
}

# same WHAT: WireGuard says the same of both sides, but for the order.
state() { ip netns exec "$1" wg show wg0 dump | sort; }
same() { cmp -s <(state ours) <(state plain) || die "$1: the two sides differ"; }
