# shellcheck shell=bash
# Shared by scripts/setup, scripts/kernel, scripts/vm and scripts/uml; sourced, never run.
#
# Owns three things: the cache outside the clone (kernels, source, User Mode Linux builds), the
# guest (what runs inside a VM or User Mode Linux around the caller's command), and the judgement
# of a finished guest (exit status, splats in the kernel log, what is kept for reading).
#
# Each caller sets -euo pipefail first. Progress and errors go to stderr as "NAME: what; what to do".

prog=${0##*/}
# Used by the scripts that source this file.
# shellcheck disable=SC2034
clone=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)

say() { echo "$prog: $*" >&2; }
die() { say "$1"; exit "${2:-1}"; }

# usage_error MESSAGE: the caller defines usage(), which prints its help.
usage_error() {
	say "$1"
	usage >&2
	exit 2
}

# The clang that builds modules; Linux 7 wants 17 or later. scripts/setup installs it.
# shellcheck disable=SC2034
llvm=19

# --- The cache ---------------------------------------------------------------------------------

cache=${LBMESH_CACHE:-${XDG_CACHE_HOME:-${HOME:?set HOME or LBMESH_CACHE}/.cache}/lbmesh}

# cache_lock: one builder at a time, until this process ends. Whoever holds the lock may take any
# temporary directory for the remains of an interrupted builder.
cache_lock() {
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	if ! flock -n 9; then
		say "waiting for another build in $cache to end"
		flock 9
	fi
	rm -rf "$cache"/tmp.*
}

# cache_tmp: prints a new temporary directory. It lies in the cache, so that the finished thing
# gets its name by one rename: what has a name is complete.
cache_tmp() {
	local dir
	dir=$(mktemp -d "$cache/tmp.XXXXXX")
	chmod 755 "$dir"
	echo "$dir"
}

# --- Inside the guest --------------------------------------------------------------------------
#
# The guest's process 1 takes three steps: the init of guest_prepare gets out of virtme's root,
# guest_init builds a root, guest_main runs the command in it. The root is the host's, copied on
# write in memory; the clone is read-only in it, and build/ below it is the host's, writable.

# How the VM mounts the host's file systems that QEMU exports.
p9=trans=virtio,version=9p2000.L,access=any,msize=262144

# guest_fstab: what every Linux system has mounted, as a table, because under emulation one mount(8)
# for all is seconds faster than one for each.
guest_fstab() {
	cat <<-END
		proc /proc proc defaults 0 0
		sysfs /sys sysfs defaults 0 0
		devtmpfs /dev devtmpfs defaults 0 0
		devpts /dev/pts devpts mode=620,ptmxmode=666,x-mount.mkdir 0 0
		tmpfs /dev/shm tmpfs mode=1777,x-mount.mkdir 0 0
		tmpfs /run tmpfs mode=755 0 0
		tmpfs /tmp tmpfs mode=1777 0 0
		tmpfs /var/tmp tmpfs mode=1777 0 0
		cgroup2 /sys/fs/cgroup cgroup2 defaults 0 0
		debugfs /sys/kernel/debug debugfs defaults 0 0
		tracefs /sys/kernel/tracing tracefs defaults 0 0
	END
}

# guest_init KIND SCRATCH MODULES: KIND is vm or uml; MODULES is a kernel's module directory on
# the host, or empty. The root that it starts from is the host's, read-only.
guest_init() {
	local kind=$1 scratch=$2 modules=$3 root=/run/root
	# mount(8) looks into /proc/self/mountinfo, and if there is none mounts nothing of a table, in silence.
	# The host's /proc is no help: Linux 7 reads its symbolic links as empty, because 9p says so.
	mount -t proc proc /proc
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir $root /run/upper /run/work
	mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work overlay $root
	mount --all --fstab "$scratch/fstab" --target-prefix $root
	# After that, because the clone and the cache may lie under /tmp.
	mkdir -p "$root$clone"
	mount --bind "$clone" "$root$clone"
	case $kind in
	vm) mount -t 9p -o "$p9" virtme.initmount0 "$root$clone/build" ;;
	uml) mount -t hostfs -o "$clone/build" none "$root$clone/build" ;;
	esac
	if [ -n "$modules" ]; then
		# Over a directory that the host may have for the same kernel.
		mkdir -p "$root/lib/modules/${modules##*/}"
		mount --bind "$modules" "$root/lib/modules/${modules##*/}"
	fi
	cd $root
	ln -sfn /proc/self/fd dev/fd
	ln -sfn fd/0 dev/stdin
	ln -sfn fd/1 dev/stdout
	ln -sfn fd/2 dev/stderr
	mkdir run/old
	pivot_root . run/old
	exec chroot . /bin/bash "$scratch/init2" main
}

# guest_output KIND: prints the device that carries the command's output to the host.
guest_output() {
	local name
	if [ "$1" = uml ]; then
		stty -F /dev/tty0 raw -echo
		echo /dev/tty0
		return
	fi
	for name in /sys/class/virtio-ports/*/name; do
		if [ "$(<"$name")" = virtme.stdout ]; then
			name=${name%/name}
			echo "/dev/${name##*/}"
		fi
	done
}

# guest_kmemleak FILE: two scans, because an object counts as leaked only when a second look
# finds it unchanged; and it must be five seconds old.
guest_kmemleak() {
	local kmemleak=/sys/kernel/debug/kmemleak
	[ -e $kmemleak ] || return 0
	sleep 5
	echo scan >$kmemleak
	echo scan >$kmemleak
	cat $kmemleak >"$1"
}

# guest_main KIND SCRATCH: runs SCRATCH/command, leaves its exit status, the taint and the kernel
# log in SCRATCH, and switches off. The output goes through a pipe, so that the command may open
# /dev/stdout, and cannot hold the device open when it leaves a daemon behind.
guest_main() {
	local kind=$1 scratch=$2 status=0 relay
	umount -l /run/old
	rmdir /run/old
	cd "$clone"
	hostname lbmesh
	ip link set lo up
	mkfifo /run/output
	cat /run/output >"$(guest_output "$kind")" &
	relay=$!
	env -i PATH="$PATH" HOME=/root USER=root LANG=C.UTF-8 TERM=dumb \
		bash "$scratch/command" </dev/null >/run/output 2>&1 || status=$?
	for _ in {1..20}; do
		kill -0 $relay 2>/dev/null || break
		sleep 0.1
	done
	if [ "$status" = 0 ]; then guest_kmemleak "$scratch/kmemleak"; fi
	cat /proc/sys/kernel/tainted >"$scratch/taint"
	dmesg >"$scratch/dmesg"
	echo "$status" >"$scratch/status"
	sync
	busybox poweroff -f
}

# --- Round the guest, on the host ---------------------------------------------------------------

# A line of the kernel log that fails a run.
splat='WARNING:|BUG:|Oops|general protection|KASAN|UBSAN|possible circular locking'
splat+='|inconsistent lock state|suspicious RCU usage|INFO: possible|INFO: rcu'
splat+='|rcu_(sched|preempt).*detected stalls|INFO: task .* blocked for more than|soft lockup'
splat+='|new suspected memory leaks|Kernel panic|refcount_t:|unregister_netdevice: waiting'
splat+='|sleeping function called from invalid context|ODEBUG:|ref_tracker: .*(users at|released)'

# A module that is out of tree (4096) and not signed (8192) is ours; any other bit is a failure.
taint_allowed=$((4096 | 8192))

# guest_inits KIND MODULES: writes the guest's process 1. virtme mounts the root without any
# caching, where each program start takes up to a second; so the first thing is to mount it again
# with caching.
guest_inits() {
	{
		echo '#!/bin/bash'
		# A guest that cannot start says so on its console and ends at once.
		echo 'set -euo pipefail'
		echo 'trap "busybox poweroff -f" EXIT'
		echo 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
		printf '. %q\n' "$clone/scripts/lib.sh"
		# shellcheck disable=SC2016
		printf 'if [ "${1-}" = main ]; then guest_main %s %q; fi\n' "$1" "$scratch"
		printf 'guest_init %s %q %q\n' "$1" "$scratch" "$2"
	} >"$scratch/init2"
	{
		echo '#!/bin/sh'
		echo 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin'
		if [ "$1" = vm ]; then
			echo 'mount -n -t tmpfs tmpfs /run && mkdir /run/root'
			echo "mount -n -t 9p -o ro,cache=loose,$p9 virtme.initmount1 /run/root"
			# As switch_root does: a mere chroot may make no user namespaces.
			printf 'cd /run/root && mount -n --move . / && exec chroot . /bin/bash %q\n' "$scratch/init2"
		fi
		printf 'exec /bin/bash %q\n' "$scratch/init2"
	} >"$scratch/init"
	chmod +x "$scratch/init"
}

# guest_prepare KIND NAME MODULES KO COMMAND...: makes the scratch directory with the guest's init
# and the command, quoted so that each argument arrives byte for byte. Sets scratch and log.
guest_prepare() {
	local kind=$1 name=$2 modules=$3 ko=$4
	shift 4
	mkdir -p "$clone/build/log"
	scratch=$clone/build/$kind.$$
	log=$clone/build/log/$kind-$name-$$.log
	rm -rf "$scratch"
	mkdir "$scratch"
	guest_fstab >"$scratch/fstab"
	guest_inits "$kind" "$modules"
	{
		printf 'export LBMESH_KO=%q\nexec' "$ko"
		printf ' %q' "$@"
		echo
	} >"$scratch/command"
	trap 'guest_stop' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# guest_stop: whatever ends this script ends the guest with it. timeout(1) leads a process group.
guest_stop() {
	if [ -n "${guest_pid-}" ]; then
		kill -TERM -- "-$guest_pid" 2>/dev/null || true
		sleep 0.2
		kill -KILL -- "-$guest_pid" 2>/dev/null || true
		rm -f "$log"
	fi
	rm -rf "$scratch"
}

# guest_boot SECONDS COMMAND...: runs the emulator: its standard output is the command's, its
# standard error the kernel's console. Both are pipes and standard input is empty, so there is no
# terminal that an emulator could leave in raw mode. Sets expired.
guest_boot() {
	local limit=$1 status=0
	shift
	exec 3> >(exec cat)
	local out=$!
	exec 4> >(exec cat >"$log")
	local console=$!
	(cd / && exec timeout -k 10 "$limit" "$@") </dev/null >&3 2>&4 3>&- 4>&- &
	guest_pid=$!
	exec 3>&- 4>&-
	wait "$guest_pid" || status=$?
	kill -KILL -- "-$guest_pid" 2>/dev/null || true
	guest_pid=
	wait "$out" "$console" || true
	expired=
	# 124 is timeout's own, 137 follows when the guest had to be killed.
	if [ $status = 124 ] || [ $status = 137 ]; then expired=yes; fi
}

# guest_splats: prints what in the log fails a run, with what stands round it.
guest_splats() {
	local taint file
	taint=$(cat "$scratch/taint" 2>/dev/null || echo 0)
	if [ $((taint & ~taint_allowed)) != 0 ]; then
		echo "the kernel is tainted: $taint, of which only $taint_allowed is allowed"
	fi
	if [ -s "$scratch/kmemleak" ]; then
		cat "$scratch/kmemleak"
	fi
	for file in "$log" "$scratch/dmesg"; do
		if grep -qsE "$splat" "$file"; then
			grep -aE -B 2 -A 40 "$splat" "$file" | head -n 200
			break
		fi
	done
}

# guest_verdict LIMIT: says what went wrong and exits: the command's own status if it failed, 99
# for a splat, 124 for the time limit, 125 if the guest ended without a status.
guest_verdict() {
	local limit=$1 status found
	status=$(cat "$scratch/status" 2>/dev/null || true)
	found=$(guest_splats)
	if [ -n "$found" ]; then
		say "splat in the kernel log:"
		printf '%s\n' "$found" >&2
	fi
	if [ -z "$status" ] && [ -n "$expired" ]; then
		say "time limit of $limit s reached; the guest was killed"
		status=124
	elif [ -z "$status" ]; then
		say "the guest ended before the command did; read the log"
		status=125
	elif [ "$status" = 0 ] && [ -n "$found" ]; then
		status=99
	fi
	if [ "$status" = 0 ]; then rm -f "$log"; else say "exit status $status; kernel log: $log"; fi
	exit "$status"
}

# module_for KDIR RELEASE [ARG...]: builds lbmesh.ko for a kernel and prints its path. Several
# runs may want it at the same time.
module_for() {
	local kdir=$1 release=$2
	shift 2
	mkdir -p "$clone/build"
	flock "$clone/build/module.lock" \
		make -s -C "$clone" module "KDIR=$kdir" "$@" >&2 ||
		die "the module does not build for $release; see above" 125
	echo "$clone/build/module/$release/lbmesh.ko"
}

# positive NUMBER OPTION: refuses what is not a whole number above zero.
positive() { [[ $1 =~ ^[1-9][0-9]*$ ]] || usage_error "$2 needs a whole number, not '$1'"; }
