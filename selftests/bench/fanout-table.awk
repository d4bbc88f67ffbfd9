# Makes lines of what the program fanout has measured (build/bench/fanout.*.raw), with lines.awk in front: all is
# without agents that do not read, unix and tls with them.

$1 ~ /^(all|unix|tls)\.[a-z_.]+$/ && NF == 2 { add($1, $2); next }
{ fail("not understood: " $0) }

function ms(value) { return number(value / 1e6) " ms" }

# Met by less than limit; goals of the issue, not of Documentation/performance.md's list.
function line(id, title, ours, peer, theirs, ratio, limit) {
	text(id, title, ours, peer, theirs, ratio == "" ? "" : sprintf("%.3f", ratio), limit, \
		limit == "" ? "" : ratio <= limit ? "met" : "missed")
}

function both(way, title, n) {
	n = median(way ".streams")
	title = n " agents (" way ")"
	line("B9", "CPU of the controller for a join to " title, ms(median(way ".join.cpu")), "one second", "1000 ms", \
		median(way ".join.cpu") / 1e9, 1)
	line("also", "the same for a leave", ms(median(way ".leave.cpu")))
	line("also", "of it for the change alone, until all are woken", ms(median(way ".join.change_cpu")))
	line("also", "bytes to each agent for a join, heartbeats included", number(median(way ".join.bytes_per_agent")), \
		"the signed record", median(way ".join.frame"), \
		median(way ".join.bytes_per_agent") / median(way ".join.frame"))
	line("B9", "resident memory of the controller with " title, number(median(way ".rss") / 1e6) " MB", "1 GiB", \
		"1074 MB", median(way ".rss") / 1073741824, 1)
	line("also", "of it for each agent", number(median(way ".rss.per_agent") / 1000) " kB")
	line("also", "agents that got the same bytes, and those that read nothing", median(way ".join.identical") " and " \
		median(way ".stalled"))
}

END {
	both("unix")
	both("tls")
	line("B9", "time of a join until the last has it, with 1 in 100 stalled", ms(median("unix.join.latency")), \
		"with none", ms(median("all.join.latency")), median("unix.join.latency") / median("all.join.latency"), 1.5)
	if (failed) exit 1
}
