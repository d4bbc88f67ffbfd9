#!/bin/bash
# Power cuts: what lbd agent has said to be on disk is there afterwards, and nothing is unreadable.
#
# A cut is real when User Mode Linux is killed: its page cache is gone, its disk, an image with ext4,
# has what was written to it, and the next boot replays the journal. selftests/powercut-guest.sh is what
# runs in it. A cut is simulated by selftests/powercut.c, on a disk that loses or tears what was not
# synced. For each kind a control forgets an fsync; it has to fail.
#
# Needs what `make user` builds. Prints one line a test and ends with "N passed, N failed, N skipped".
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
cd "$clone"

usage() {
	cat <<END
usage: selftests/powercut.sh [--long] [--seed N]

  --long    200 real cuts and 1,000 simulated ones, instead of 10 and 100
  --seed N  the seed of the simulation and of the moments of the real cuts (default: random)
END
}

# How many cuts: simulated, while a writer runs, while it writes for the first time, while lbd agent runs.
simulated=100 running=6 first=2 agents=2 seed=$RANDOM
while [ $# -gt 0 ]; do
	case $1 in
	--long) simulated=1000 running=140 first=40 agents=20 ;;
	--seed) seed=${2:?--seed needs a number}; shift ;;
	-h | --help) usage; exit 0 ;;
	*) usage_error "unknown option $1" ;;
	esac
	shift
done

user=build/user/userspace
powercut=$clone/$user/lbd/powercut
[ -x "$powercut" ] || die "$powercut is not built; run make user"
kdir=$(scripts/uml --build)
ko=$(module_for "$kdir" "$(<"$kdir/include/config/kernel.release")" ARCH=um)

# On a disk, not in memory: there a sync costs nothing, and hardly a cut falls into one.
mkdir -p build/log
work=$(mktemp -d "$clone/build/powercut.XXXXXX")
guest='' ended=''
trap 'end $?' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
RANDOM=$seed

# --- Telling --------------------------------------------------------------------------------------

passed=0 failed=0

# end STATUS: whatever it is that ends this script.
end() {
	guest_kill
	if [ -z "$ended" ]; then
		if [ -e "$work/told" ]; then sed 's/^/# /' "$work/told"; fi
		say "ended before its end, with status $1"
	fi
	rm -rf "$work"
}

# check SENTENCE COMMAND...: COMMAND decides whether the sentence is true; what it prints are comments.
check() {
	local sentence=$1 result=ok
	shift
	if "$@" >"$work/told" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1)) result='not ok'
	fi
	sed 's/^/# /' "$work/told"
	echo "$result $((passed + failed)) - $sentence"
}

# --- The guest ------------------------------------------------------------------------------------

# disk_new: an empty one.
disk_new() {
	if [ ! -e "$work/empty" ]; then
		truncate -s 64M "$work/empty"
		mkfs.ext4 -q -F -b 4096 -J size=4 "$work/empty"
	fi
	cp --sparse=always "$work/empty" "$work/disk"
}

# guest_start MODE ACKNOWLEDGED [OPTION,...]: its console is file descriptor 5. A session of its own:
# it is many processes, and all are killed.
guest_start() {
	found=
	rm -f "$work/console"
	mkfifo "$work/console"
	setsid "$kdir/linux" mem=256M "ubd0=$work/disk" rootfstype=hostfs rootflags=/ ro \
		con=null con0=null,fd:1 ssl=null ssl0=null,fd:2 stderr=1 console=ttyS0 panic=-1 \
		"POWERCUT=$powercut" "LBD=$clone/$user/lbd/lbd" "LBCTL=$clone/$user/lbctl/lbctl" "LBMESH_KO=$ko" \
		"MODE=$1" "ACKNOWLEDGED=$2" "OPTIONS=${3-}" "init=$clone/selftests/powercut-guest.sh" \
		</dev/null >"$work/console" 2>>"$work/kernel.log" 5<&- &
	guest=$!
	exec 5<"$work/console"
}

# guest_kill: and waits until the last of its processes is gone, or the disk would still be written to.
guest_kill() {
	[ -n "$guest" ] || return 0
	kill -KILL -- "-$guest" 2>/dev/null || true
	wait "$guest" 2>/dev/null || true
	while kill -0 -- "-$guest" 2>/dev/null; do sleep 0.005; done
	guest=
}

# guest_until WORD: reads the console until it says WORD; notes what it says. False at its end.
guest_until() {
	local word number
	while read -r -t 120 word number <&5; do
		printf '%s %s\n' "$word" "$number" >>"$work/transcript"
		case $word in
		found) found=$number ;;
		ack) acknowledged=$number ;;
		esac
		if [ "$word" = "$1" ]; then return; fi
	done
	return 1
}

# --- Cuts -----------------------------------------------------------------------------------------

# cut_power MILLISECONDS RECORDS MODE [OPTION,...]: boots, judges what it finds, lets it write, and kills it
# when it has acknowledged so many records and a random time below MILLISECONDS (at most 1,000) has gone by.
# What is acknowledged then is to be found the next time.
cut_power() {
	local most=$1 records=$2 alive=yes
	: >"$work/transcript"
	guest_start "$3" "$acknowledged" "${4-}"
	guest_until begin || alive=
	judge
	for _ in $(seq "$records"); do guest_until ack || alive=; done
	if [ -z "$alive" ] && all_is_well; then
		broken=$((broken + 1))
		echo 'the guest has ended by itself'
		tail -n 20 "$work/transcript"
	fi
	sleep "$(printf '0.%06d' $((RANDOM * most * 1000 / 32768)))"
	guest_kill
	guest_until 'the end' || true
	exec 5<&-
	cuts=$((cuts + 1))
}

# judge: what this boot has found against what was acknowledged before it.
judge() {
	if [ -z "$found" ]; then
		broken=$((broken + 1))
	elif [ "$found" -lt 0 ]; then
		unreadable=$((unreadable + 1))
	elif [ "$found" -lt "$acknowledged" ]; then
		lost=$((lost + 1))
	else
		return 0
	fi
	echo "after cut $cuts: $acknowledged was acknowledged, and found is: ${found:-nothing}"
	tail -n 20 "$work/transcript"
}

# look [OPTION,...]: boots once more to judge the last cut, and looks at the file system.
look() {
	guest_start check "$acknowledged" "${1-}"
	guest_until 'the end' || true
	exec 5<&-
	guest_kill
	judge
	e2fsck -fn "$work/disk" >"$work/fsck" 2>&1 || {
		cat "$work/fsck"
		broken=$((broken + 1))
	}
}

series_begin() { cuts=0 lost=0 unreadable=0 broken=0 acknowledged=0 written=0; }

# all_is_well: so far; a series ends with its first failure.
all_is_well() { [ "$lost$unreadable$broken" = 000 ]; }

series_end() {
	echo "$cuts cuts, $written records acknowledged, $lost cuts lost one, $unreadable left one unreadable"
	if all_is_well; then return; fi
	echo "the disk is build/log/powercut.img"
	cp --sparse=always "$work/disk" build/log/powercut.img
	return 1
}

# cuts_of_writer CUTS: one disk for all.
cuts_of_writer() {
	series_begin
	disk_new
	while [ $cuts -lt "$1" ] && all_is_well; do cut_power 1000 1 write; done
	written=$acknowledged
	if all_is_well; then look; fi
	series_end
}

# cuts_of_first_write CUTS: a new disk for each, and large records, or hardly a cut would come in time.
cuts_of_first_write() {
	local before=0
	series_begin
	while [ $cuts -lt "$1" ] && all_is_well; do
		disk_new
		acknowledged=0
		cut_power 40 0 write --large
		if [ "$acknowledged" = 0 ]; then before=$((before + 1)); fi
		written=$((written + acknowledged))
		look --large
	done
	echo "$before of them came before the first acknowledgement"
	series_end
}

# cuts_of_agent CUTS: one disk for all; the last is judged by one more, which is not counted.
cuts_of_agent() {
	series_begin
	disk_new
	while [ $cuts -lt "$1" ] && all_is_well; do cut_power 100 $((1 + RANDOM % 4)) agent; done
	written=$acknowledged
	if all_is_well; then cut_power 1 0 agent; fi
	cuts=$((cuts - 1))
	series_end
}

# cuts_that_forget OPTION,...: at most 20; true if one of them has lost something, and for no other reason.
cuts_that_forget() {
	series_begin
	disk_new
	while [ $cuts -lt 20 ] && all_is_well; do cut_power 1000 1 write "$1"; done
	! all_is_well && [ "$broken" = 0 ]
}

# simulation_that_forgets OPTION: true if it fails for that reason, and not for another.
simulation_that_forgets() {
	local status=0
	"$powercut" simulate "$@" "$work/simulated" 100 "$seed" 2>/dev/null || status=$?
	rm -rf "$work/simulated"
	[ $status = 1 ]
}

kernel_is_silent() {
	! grep -aE "$splat|EXT4-fs (error|warning)|JBD2: .*(error|fail)|I/O error" "$work/kernel.log"
}

echo "# seed $seed"
check "none of $simulated simulated cuts loses what was acknowledged, or leaves it unreadable" \
	"$powercut" simulate "$work/simulated" "$simulated" "$seed"
check 'the simulation sees a file that is not synced' simulation_that_forgets --forget-file
check 'the simulation sees a directory that is not synced' simulation_that_forgets --forget-directory
check "none of $running cuts of User Mode Linux loses what was acknowledged, or leaves it unreadable" \
	cuts_of_writer "$running"
check "nor does one of $first cuts while a disk gets its first record" cuts_of_first_write "$first"
check "lbd agent, with no topology to use, restores after each of $agents cuts what it said was on disk" \
	cuts_of_agent "$agents"
check 'the same cuts lose what is never synced' cuts_that_forget --forget-file,--forget-directory
check 'the same cuts lose what is renamed in a directory that is not synced' cuts_that_forget --forget-directory
check 'no kernel has complained' kernel_is_silent
ended=yes
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
