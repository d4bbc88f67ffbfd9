#!/bin/bash
# Runs every test of the family in the running kernel: loads the module, runs the programs that
# make -C selftests built and the shell tests, unloads the module. Called in a guest, as in
#
#   scripts/vm -k 6.1 -- selftests/run.sh
#
# It changes the machine that it runs on (modules, namespaces); do not run it on one you need.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
clone=${here%/*}
built=$clone/build/selftests
# In this order: what is simple and quick comes first. ynl.sh is a shell test.
tests=(attributes refusals commit wireguard privilege dump audit limits gate namespaces confirm firewall sets
	flows ynl.sh)
# What wants a machine of native speed, because it counts packets or does things a thousand times; it is
# run where it is named.
named=(verdicts revocation neighbours mixture learned spoofing refusing untracked random moves swaps rotate)

# Needs a kernel that injects faults; that is the debug variant of scripts/uml.
if [ -e /proc/self/fail-nth ]; then
	tests+=(faults)
else
	echo '# faults: not on this kernel; scripts/uml -v debug runs it'
fi

usage() {
	cat <<END
usage: selftests/run.sh [--allow-skip] [TEST...]

Load the module \$LBMESH_KO, run the tests (all, or those named), unload the module.

  --allow-skip  a skipped test is no failure
  -h, --help    this text

Tests: ${tests[*]}
Only when they are named: ${named[*]}

The output is TAP and ends with "N passed, N failed, N skipped". Exit status: 0 when every test
passed, 1 when one failed or was skipped, 2 wrong usage or nothing to run.
END
}

die() {
	echo "selftests/run.sh: $*" >&2
	exit 2
}

allow_skip='' wanted=()
while [ $# -gt 0 ]; do
	case $1 in
	--allow-skip) allow_skip=yes ;;
	-h | --help) usage; exit 0 ;;
	-*) die "unknown option $1" ;;
	*) wanted+=("$1") ;;
	esac
	shift
done
if [ ${#wanted[@]} = 0 ]; then wanted=("${tests[@]}"); fi

# command_of TEST: sets command to what runs it.
command_of() {
	case $1 in
	*.sh) command=$here/$1 ;;
	*) command=$built/$1 ;;
	esac
	[ -x "$command" ] || die "no program $command; run make -C selftests on the host"
}

# What is built in cannot be loaded, and is not missing.
modules_load() {
	local module
	for module in wireguard bridge veth; do
		modprobe -q "$module" || true
	done
	if [ ! -d /sys/module/lbmesh ]; then
		[ -e "${LBMESH_KO-}" ] || die "LBMESH_KO does not name the module"
		for module in $(modinfo -F depends "$LBMESH_KO" | tr , ' '); do
			modprobe -q "$module" || true
		done
		insmod "$LBMESH_KO"
	fi
}

# unload: says, as a test, whether the module goes when nobody needs it any more. Namespaces end
# some time after their last process.
unload() {
	local name='ok 1 run.the_module_is_unloaded_at_the_end'
	for _ in {1..900}; do
		if rmmod lbmesh 2>/dev/null; then
			echo "$name"
			return
		fi
		sleep 0.1
	done
	echo "# /sys/module/lbmesh/refcnt: $(cat /sys/module/lbmesh/refcnt)"
	echo "not $name"
}

# run_one NAME COMMAND...: prints what it prints, and counts.
passed=0 failed=0 skipped=0
run_one() {
	local name=$1 status=0 output=$scratch/output bad started=$SECONDS
	shift
	echo "# $name"
	"$@" 2>&1 | tee "$output" || status=${PIPESTATUS[0]}
	bad=$(grep -cE '^not ok ' "$output") || true
	# A program that ended before its plan did, or failed without saying what, is a failure.
	if [ "$bad" = 0 ] && [ "$status" != 0 ] && [ "$status" != 4 ]; then
		echo "not ok 1 $name # ended with status $status"
		bad=1
	fi
	failed=$((failed + bad))
	skipped=$((skipped + $(grep -cE '^ok .* # SKIP' "$output" || true)))
	echo "# $name: $((SECONDS - started)) s"
	passed=$((passed + $(grep -E '^ok ' "$output" | grep -vcE ' # SKIP' || true)))
}

for name in "${wanted[@]}"; do command_of "$name"; done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
modules_load
started=$SECONDS
for name in "${wanted[@]}"; do
	command_of "$name"
	run_one "$name" "$command"
done
run_one run unload
echo "# kernel $(uname -r), $((SECONDS - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
[ -n "$allow_skip" ] || [ "$skipped" = 0 ]
