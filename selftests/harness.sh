#!/bin/bash
# Tests the test harness itself: scripts/vm and scripts/uml must return what the command returned,
# pass arguments untouched, notice every splat, keep their time limit and leave nothing behind.
#
# Runs on the host (not in a guest). What both scripts share is tested under User Mode Linux, which
# boots in a second; virtual machines are booted four times. Prints one ok or not ok a check.
# Usage: selftests/harness.sh [GROUP...]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

passed=0 failed=0
work=$PWD/build/harness.$$
out=$work/out err=$work/err
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT

# check TITLE COMMAND...: one check; when it fails, what the last run printed is shown.
check() {
	local title=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
		echo "ok - $title"
	else
		failed=$((failed + 1))
		echo "not ok - $title"
		echo "# exit status of the last run: $status; its output:"
		tail -n 20 "$out" "$err" | sed 's/^/#   /'
	fi
}

# run COMMAND...: sets status and pid; the output is in $out and $err.
run() {
	status=0
	"$@" >"$out" 2>"$err" &
	pid=$!
	wait "$pid" || status=$?
}

status_is() { [ "$status" = "$1" ]; }
said() { grep -q -- "$1" "$err"; }
printed() { [ "$(<"$out")" = "$1" ]; }
# Scratch directories and guests carry the process id of the script that made them.
no_scratch() {
	local dir
	for dir in build/"$1".[0-9]*; do
		if [ -d "$dir" ] && ! kill -0 "${dir##*.}" 2>/dev/null; then return 1; fi
	done
}
no_guest() { ! pgrep -f -- "$PWD/build/$1.$pid/" >/dev/null; }
no_carriage_return() { ! grep -q $'\r' "$out"; }
# A failed run names its log; it must be there. These runs fail on purpose: remove it.
log_kept() {
	local log
	log=$(sed -n 's/.*kernel log: //p' "$err")
	[ -s "$log" ] && rm -f "$log"
}

# shellcheck disable=SC2016
awkward=('two  spaces' "single'quote" 'double"quote' $'new\nline' '$HOME' '*' 'back\slash' '' '-x' 'é')

test_usage() {
	local script
	for script in vm uml; do
		run "scripts/$script" --no-such-option
		check "scripts/$script refuses an unknown option with status 2" status_is 2
		run "scripts/$script"
		check "scripts/$script without a command is refused with status 2" status_is 2
		run "scripts/$script" --help
		check "scripts/$script --help prints its usage" grep -q '^usage:' "$out"
	done
}

test_uml_status() {
	run scripts/uml --no-module -- true
	check "a command that succeeds under User Mode Linux returns 0" status_is 0
	run scripts/uml --no-module -- bash -c 'exit 42'
	check "exit status 42 comes back from User Mode Linux" status_is 42
	check "a failed run keeps its kernel log and names it" log_kept
	run scripts/uml --no-module -- printf '<%s>\n' "${awkward[@]}"
	check "arguments reach the guest byte for byte" printed "$(printf '<%s>\n' "${awkward[@]}")"
	run scripts/uml --no-module -- bash -c 'head -c 3000000 /dev/zero | base64 -w 76; exit 7'
	check "three megabytes of output arrive whole" \
		test "$(head -c 3000000 /dev/zero | base64 -w 76 | sha256sum)" = "$(sha256sum <"$out")"
	check "and the status of that command too" status_is 7
	log_kept
	run scripts/uml --no-module -- bash -c "echo kept >$work/kept; touch /etc/lost README.lost"
	check "what the guest writes under build/ is kept" grep -q kept "$work/kept"
	check "what it writes elsewhere is not" test ! -e /etc/lost
	check "the clone outside build/ is read-only" test ! -e README.lost
	log_kept
}

test_uml_judgement() {
	run scripts/uml --no-module -- \
		bash -c 'echo "<4>WARNING: CPU: 0 PID: 1 at made/up.c:1" >/dev/kmsg'
	check "a warning in the kernel log makes a successful command return 99" status_is 99
	check "the splat is shown" said 'at made/up.c:1'
	log_kept
	run scripts/uml --no-module -- bash -c 'echo "<3>BUG: made up" >/dev/kmsg; exit 5'
	check "a command that failed keeps its own status beside a splat" status_is 5
	check "and the splat is shown all the same" said 'BUG: made up'
	log_kept
	run scripts/uml --no-module -- bash -c 'echo 512 >/proc/sys/kernel/tainted'
	check "a tainted kernel returns 99 though its log is clean" status_is 99
	log_kept
	run scripts/uml --no-module -- bash -c 'kill -SEGV 1; busybox poweroff -f'
	check "a guest that ends before its command does returns 125" status_is 125
	log_kept
}

test_uml_end() {
	run scripts/uml --no-module -t 3 -- sleep 1000
	check "the time limit ends a command under User Mode Linux with status 124" status_is 124
	log_kept
	scripts/uml --no-module -- sleep 1000 >"$out" 2>"$err" &
	pid=$!
	sleep 3
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	check "a terminated run returns 143" status_is 143
	check "and leaves no guest behind" no_guest uml
	check "no run leaves a scratch directory behind" no_scratch uml
}

test_uml_parallel() {
	local pids=()
	status=0
	for _ in 1 2 3; do
		scripts/uml --no-module -- bash -c 'sleep 1; hostname' >>"$work/parallel" 2>"$err" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || status=$?; done
	check "three guests of one clone run side by side" test "$(wc -l <"$work/parallel")" = 3
}

# faulty_module KDIR ARG...: builds $work/faulty.ko, which does on purpose what its parameter says,
# so that the splats are real ones.
faulty_module() {
	printf 'obj-m := faulty.o\n' >"$work/Kbuild"
	cat >"$work/faulty.c" <<-'END'
		#include <linux/module.h>
		#include <linux/slab.h>
		static char *how = "";
		module_param(how, charp, 0);
		static DEFINE_MUTEX(a);
		static DEFINE_MUTEX(b);
		static int __init faulty_init(void)
		{
			char *p = kmalloc(24, GFP_KERNEL);
			OPTIMIZER_HIDE_VAR(p);
			WARN_ON(!strcmp(how, "warn"));
			if (!strcmp(how, "overrun"))
				p[24] = 1;
			if (!strcmp(how, "deadlock")) {
				mutex_lock(&a); mutex_lock(&b); mutex_unlock(&b); mutex_unlock(&a);
				mutex_lock(&b); mutex_lock(&a); mutex_unlock(&a); mutex_unlock(&b);
			}
			if (strcmp(how, "leak"))
				kfree(p);
			return 0;
		}
		static void __exit faulty_exit(void) { }
		module_init(faulty_init);
		module_exit(faulty_exit);
		MODULE_LICENSE("GPL");
	END
	make -s -C "$1" "M=$work" "${@:2}" >"$work/make" 2>&1 || {
		tail "$work/make" | sed 's/^/#   /'
		return 1
	}
}

test_uml_debug() {
	run scripts/uml -v debug --no-module -- bash -c 'ip netns add a && ip link add w type wireguard'
	check "the debug kernel finds nothing wrong with an ordinary command" status_is 0
	run scripts/uml -v debug --no-module -- bash -c 'echo 0 >/proc/self/fail-nth'
	check "it can make the nth allocation of a task fail" status_is 0
	check "a module builds for it" faulty_module "$(scripts/uml -v debug --build)" ARCH=um
	run scripts/uml -v debug --no-module -- insmod "$work/faulty.ko"
	check "a module that does nothing wrong returns 0" status_is 0
	run scripts/uml -v debug --no-module -- insmod "$work/faulty.ko" how=warn
	check "a module that warns returns 99" status_is 99
	log_kept
	run scripts/uml -v debug --no-module -- insmod "$work/faulty.ko" how=overrun
	check "a write beyond an allocation returns 99" status_is 99
	check "and it is KASAN that says so" said 'BUG: KASAN'
	log_kept
	run scripts/uml -v debug --no-module -- insmod "$work/faulty.ko" how=deadlock
	check "locks taken in both orders return 99, though nothing hangs" status_is 99
	check "and it is lockdep that says so" said 'possible circular locking'
	log_kept
	run scripts/uml -v debug --no-module -- insmod "$work/faulty.ko" how=leak
	check "a leak returns 99" status_is 99
	check "and kmemleak shows where it was allocated" said 'unreferenced object'
	log_kept
}

test_vm() {
	run scripts/vm -k 6.1 --no-module -- false
	check "scripts/vm -k 6.1 -- false returns 1" status_is 1
	check "and keeps its kernel log" log_kept

	# shellcheck disable=SC2016
	run setsid --wait bash -c 'scripts/vm -k 6.12 --no-module -- bash -c "
		modprobe wireguard && modprobe nf_conntrack && ip netns add a || exit 1
		shift; printf \"<%s>\\n\" \"\$@\"; exit 42" "$@" </dev/null | cat
		exit ${PIPESTATUS[0]}' - sh - "${awkward[@]}"
	check "without a terminal, status 42 comes back from a virtual machine on 6.12" status_is 42
	check "its modules are found, and arguments arrive byte for byte" \
		printed "$(printf '<%s>\n' "${awkward[@]}")"
	check "the output has no carriage returns" no_carriage_return
	log_kept

	check "a module builds for 6.1" faulty_module "$(scripts/kernel 6.1 --print build)"
	run scripts/vm -k 6.1 --no-module -- insmod "$work/faulty.ko" how=warn
	check "a module that warns on 6.1 returns 99" status_is 99
	check "and the warning is shown" said 'WARNING: CPU'
	log_kept

	# As it looks when the emulator trips over patched code.
	run scripts/vm -k 6.1 --no-module -- bash -c \
		'echo "Oops: int3: 0000 made up" >/dev/kmsg; echo b >/proc/sysrq-trigger; sleep 60'
	check "a guest that its emulator ends is booted twice more, and then given up" status_is 125
	check "and that is said aloud" test "$(grep -c 'once more' "$err")" = 2
	log_kept
	run scripts/vm -k 6.1 --no-module -- bash -c \
		'echo "Oops: int3: 0000 made up" >/dev/kmsg; echo "f [lbmesh]" >/dev/kmsg; echo b >/proc/sysrq-trigger; sleep 60'
	check "but not when lbmesh was there" test "$(grep -c 'once more' "$err")" = 0
	log_kept

	run scripts/vm -k 6.1 --no-module -t 4 -- sleep 1000
	check "the time limit ends a virtual machine with status 124" status_is 124
	check "and leaves no emulator behind" no_guest vm
	check "no run leaves a scratch directory behind" no_scratch vm
	log_kept
}

# All groups, or those named on the command line.
[ $# -gt 0 ] || set -- usage uml_status uml_judgement uml_end uml_parallel uml_debug vm
for group; do "test_$group"; done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
