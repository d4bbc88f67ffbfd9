# shellcheck shell=bash
# What the shell tests share: results as TAP, and the words to get there. Sourced, never run.
#
# A test is a function whose name is a sentence. It fails with the first command that does; what it
# prints is shown as a comment. tap_run runs it in a subshell, so that it cannot hurt the next one.

tap_count=0 tap_failed=0

# tap_run FUNCTION...: runs each as one test.
tap_run() {
	local name output status
	for name in "$@"; do
		tap_count=$((tap_count + 1))
		# With || the subshell would lose set -e, and a test its failures.
		set +e
		output=$(
			set -e
			"$name" 2>&1
		)
		status=$?
		set -e
		if [ -n "$output" ]; then echo "# ${output//$'\n'/$'\n'# }"; fi
		if [ $status = 0 ]; then
			echo "ok $tap_count $name"
		else
			echo "not ok $tap_count $name"
			tap_failed=$((tap_failed + 1))
		fi
	done
}

# tap_end: the plan, and the exit status of the program.
tap_end() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}

# skip_all REASON: for a program that cannot run here.
skip_all() {
	echo "ok 1 ${0##*/} # SKIP $1"
	echo "1..1"
	exit 4
}

# has TEXT PATTERN: the text has a line that the extended regular expression matches.
has() {
	grep -qE "$2" <<<"$1" || {
		printf 'no line matches %s in:\n%s\n' "$2" "$1"
		return 1
	}
}
